//! Licenses whose verdict is known, from the rules alone.

use proptest::prelude::*;

use crate::common::NOW;

/// A claim as JSON text (none: not there), and the value that it must be read as (none: it must be refused).
#[derive(Clone, Debug)]
pub struct Claim<T> {
    json: Option<String>,
    pub value: Option<T>,
}

fn right<T>(json: impl Into<String>, value: T) -> Claim<T> {
    Claim { json: Some(json.into()), value: Some(value) }
}

fn wrong<T>(json: Option<&str>) -> Claim<T> {
    Claim { json: json.map(str::to_owned), value: None }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string")
}

fn text_claim(may_be_empty: bool) -> impl Strategy<Value = Claim<String>> {
    let some = ".{1,12}".prop_map(|text: String| right(quoted(&text), text));
    let empty = if may_be_empty { right("\"\"", String::new()) } else { wrong(Some("\"\"")) };
    let broken = prop::sample::select(vec![None, Some("7"), Some("null"), Some("[\"x\"]")]).prop_map(wrong);
    prop_oneof![20 => some, 1 => Just(empty), 1 => broken]
}

fn tier() -> impl Strategy<Value = Claim<String>> {
    let some = prop::sample::select(vec!["starter", "professional", "enterprise"])
        .prop_map(|tier| right(quoted(tier), tier.to_owned()));
    let broken = prop::sample::select(vec![None, Some("\"Starter\""), Some("\"\""), Some("2")]).prop_map(wrong);
    prop_oneof![20 => some, 1 => broken]
}

fn count() -> impl Strategy<Value = Claim<u64>> {
    let whole = any::<u64>().prop_map(|count| right(count.to_string(), count));
    let round = any::<u32>().prop_map(|count| right(format!("{count}.00e0"), u64::from(count)));
    let broken = prop::sample::select(vec![
        None,
        Some("-1"),
        Some("0.5"),
        Some("\"16\""),
        Some("18446744073709551616"),
        Some("null"),
    ]);
    prop_oneof![20 => whole, 4 => round, 1 => broken.prop_map(wrong)]
}

/// An instant in half seconds, so that the oracle reckons in whole numbers.
fn instant(may_be_missing: bool) -> impl Strategy<Value = Claim<i128>> {
    let seconds = prop_oneof![3 => NOW - 3..NOW + 4, 1 => any::<i64>(), 1 => 0..4_000_000_000_i64];
    let whole = seconds.prop_map(|seconds| right(seconds.to_string(), i128::from(seconds) * 2));
    let half = (NOW - 3..NOW + 4).prop_map(|seconds| right(format!("{seconds}.5"), i128::from(seconds) * 2 + 1));
    let missing = if may_be_missing { right_but_missing() } else { wrong(None) };
    let broken =
        prop::sample::select(vec!["9223372036854775808", "1e400", "null", "\"1800000000\"", "[]", "1e5000000000"])
            .prop_map(|json| wrong(Some(json)));
    prop_oneof![12 => whole, 4 => half, 2 => Just(missing), 1 => broken]
}

/// Absent, and so long past that it limits nothing.
fn right_but_missing() -> Claim<i128> {
    Claim { json: None, value: Some(i128::MIN) }
}

fn name(right_one: &'static str, also_in_array: bool) -> impl Strategy<Value = Claim<()>> {
    let array = format!("[\"x\",{}]", quoted(right_one));
    let array = if also_in_array { right(array, ()) } else { Claim { json: Some(array), value: None } };
    let broken = prop::sample::select(vec![None, Some("\"x\""), Some("[]"), Some("null"), Some("1")]).prop_map(wrong);
    prop_oneof![20 => Just(right(quoted(right_one), ())), 4 => Just(array), 1 => broken]
}

/// The claims of a license, and the time at which it is judged.
#[derive(Clone, Debug)]
pub struct Case {
    pub now: i64,
    pub sub: Claim<String>,
    jti: Claim<String>,
    pub org: Claim<String>,
    pub tier: Claim<String>,
    pub counts: [Claim<u64>; 3],
    exp: Claim<i128>,
    nbf: Claim<i128>,
    iss: Claim<()>,
    aud: Claim<()>,
}

/// Any license, most often a good one.
pub fn case() -> impl Strategy<Value = Case> {
    let now = prop_oneof![4 => Just(NOW), 1 => NOW - 3..NOW + 4, 1 => any::<i64>()];
    let texts = (text_claim(false), text_claim(false), text_claim(true), tier());
    let counts = [count(), count(), count()];
    // Most often far enough from the edges that other rules decide.
    let exp = prop_oneof![1 => instant(false), 1 => Just(right("1821536000", 1_821_536_000 * 2))];
    let nbf = prop_oneof![1 => instant(true), 1 => Just(right_but_missing())];
    (now, texts, counts, exp, nbf, name("scrydon-license", false), name("scrydon-platform", true)).prop_map(
        |(now, (sub, jti, org, tier), counts, exp, nbf, iss, aud)| Case {
            now,
            sub,
            jti,
            org,
            tier,
            counts,
            exp,
            nbf,
            iss,
            aud,
        },
    )
}

impl Case {
    /// The claims as JSON text.
    pub fn payload(&self) -> String {
        let object = |members: &[(&str, &Option<String>)]| {
            let there: Vec<String> = members
                .iter()
                .filter_map(|(name, json)| json.as_ref().map(|json| format!("\"{name}\":{json}")))
                .collect();
            format!("{{{}}}", there.join(","))
        };
        let [cpu, ram, vram] = &self.counts;
        let entitlements = Some(object(&[("cpuCores", &cpu.json), ("ramGb", &ram.json), ("vramGb", &vram.json)]));
        let own = Some(object(&[("org", &self.org.json), ("tier", &self.tier.json), ("entitlements", &entitlements)]));
        object(&[
            ("iss", &self.iss.json),
            ("aud", &self.aud.json),
            ("sub", &self.sub.json),
            ("jti", &self.jti.json),
            ("exp", &self.exp.json),
            ("nbf", &self.nbf.json),
            ("scrydon", &own),
        ])
    }

    /// The rules of DESIGN.md, section 3, as plainly as they can be said.
    pub fn verdict(&self) -> &'static str {
        let texts = [&self.sub, &self.jti, &self.org, &self.tier].iter().all(|claim| claim.value.is_some());
        let counts = self.counts.iter().all(|claim| claim.value.is_some());
        let names = self.iss.value.is_some() && self.aud.value.is_some();
        let (Some(exp), Some(nbf), true) = (self.exp.value, self.nbf.value, texts && counts && names) else {
            return "rejected";
        };
        let now = i128::from(self.now) * 2;
        if now < nbf {
            "not-yet-valid"
        } else if now >= exp {
            "expired"
        } else {
            "valid"
        }
    }
}
