//! The answer to a commit that never comes: nobody claims to know what became of it.

use std::thread;
use std::time::Duration;

use crate::away::{LONGEST, Platform, timely};
use crate::platform::bundle;
use crate::times;

#[test]
fn nobody_says_that_nothing_was_changed_where_nobody_can_know() {
    let platform = Platform::start("unsure", "", true);
    for (arrives, days) in &[(true, 100), (false, 110)][..times(1, 2)] {
        let revision = platform.revision(0);
        let new = bundle(&["--jti", &format!("lic_{arrives}"), "--tier", "enterprise", "--days", &days.to_string()]);
        let head = format!("{}If-Match: \"{revision}\"\r\n", platform.admin);
        let rotate = || timely(&platform.servers[0], "POST", "/api/auth/license/rotate", &head, &new);
        platform.cable.cut_at_commit(*arrives);
        let answer = rotate();
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(
            answer.body.contains("\"outcome-unknown\"") && answer.body.contains("look before you try again"),
            "{answer:?}"
        );
        platform.cable.mend();
        let mut waited = Duration::ZERO;
        while platform.claims(0).status != 200 {
            thread::sleep(Duration::from_millis(50));
            waited += Duration::from_millis(50);
            assert!(waited < LONGEST, "it is back");
        }
        // Looking tells, and the same rotation once more does no harm: it is made once. Whoever holds the lock and is gone loses
        // it after ten seconds.
        assert_eq!(platform.revision(1), revision + i64::from(*arrives));
        let mut again = rotate();
        for _ in 0..15 {
            if again.status == 503 {
                thread::sleep(Duration::from_secs(1));
                again = rotate();
            }
        }
        assert_eq!(again.status, if *arrives { 412 } else { 200 }, "{}", again.body);
        assert_eq!(platform.revision(1), revision + 1);
    }
}
