//! Every path of the product. No other module has a path literal.

use crate::visit::Step;

/// The paths under one base, which the operator chooses at run time: `/`, or a prefix such as `/platform`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Empty for `/`, else without a slash at its end.
    base: String,
}

impl Paths {
    /// The paths under a base path. A slash at its end makes no difference.
    pub fn new(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned() }
    }

    /// The platform's home, with its slash.
    pub fn home(&self) -> String {
        format!("{}/", self.base)
    }

    /// The license checker.
    pub fn checker(&self) -> String {
        format!("{}/license-checker", self.base)
    }

    /// Liveness.
    pub fn health(&self) -> String {
        format!("{}/health", self.base)
    }

    /// Readiness.
    pub fn ready(&self) -> String {
        format!("{}/health/ready", self.base)
    }

    /// What monitoring reads.
    pub fn metrics(&self) -> String {
        format!("{}/metrics", self.base)
    }

    /// Where people sign in.
    pub fn sign_in(&self) -> String {
        format!("{}/sign-in", self.base)
    }

    /// Where somebody who was invited makes an account.
    pub fn invitation(&self) -> String {
        format!("{}/invitation", self.base)
    }

    /// The wizard: leads to the step that is next.
    pub fn setup(&self) -> String {
        format!("{}/setup", self.base)
    }

    /// A step of the wizard.
    pub fn setup_step(&self, step: Step) -> String {
        format!("{}/setup/{}", self.base, step.name())
    }

    /// Usage over time.
    pub fn analytics(&self) -> String {
        format!("{}/analytics", self.base)
    }

    /// The settings: leads to the license.
    pub fn settings(&self) -> String {
        format!("{}/settings", self.base)
    }

    /// A page of the settings: `license`, `license/update`, `organization`, `email`, `users`, `sessions`, `audit`.
    pub fn settings_page(&self, page: &str) -> String {
        format!("{}/settings/{page}", self.base)
    }

    /// An endpoint, by what follows `{base}/api/`: `setup/license`, `auth/license/rotate`.
    pub fn api(&self, endpoint: &str) -> String {
        format!("{}/api/{endpoint}", self.base)
    }

    /// A file of the site: script, style, icon.
    pub fn pkg(&self, file: &str) -> String {
        format!("{}/pkg/{file}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::Paths;

    #[test]
    fn paths_follow_the_base() {
        assert_eq!(Paths::new("/").checker(), "/license-checker");
        assert_eq!(Paths::new("").home(), "/");
        assert_eq!(Paths::new("/platform").pkg("main.css"), "/platform/pkg/main.css");
        assert_eq!(Paths::new("/platform/").home(), "/platform/");
    }
}
