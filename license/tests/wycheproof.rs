//! Project Wycheproof's signatures: 1,000 known ways in which a verification of RSASSA-PKCS1-v1_5 can go wrong.

#![expect(clippy::print_stdout, reason = "this is a test")]

use countersign_license::{VerifyingKey, rs256};
use wycheproof::TestResult;
use wycheproof::rsa_pkcs1_verify::{TestFlag, TestName, TestSet};

#[test]
fn right_signatures_are_accepted_and_no_others() {
    let (mut refused, mut accepted, mut without_null) = (0, 0, 0);
    for name in [TestName::Rsa2048Sha256, TestName::Rsa3072Sha256, TestName::Rsa4096Sha256, TestName::Rsa8192Sha256] {
        let set = TestSet::load(name).expect("the vectors can be read");
        for group in set.test_groups {
            let key = VerifyingKey::parse(&group.pem).expect("every group has a key that is accepted");
            assert_eq!(key.bits(), group.key_size);
            for test in group.tests {
                let fits = rs256(&key, &test.msg, &test.sig);
                let place = format!("{name:?}, test {}: {}", test.tc_id, test.comment);
                match test.result {
                    TestResult::Valid => {
                        assert!(fits, "{place}");
                        accepted += 1;
                    }
                    TestResult::Invalid => {
                        assert!(!fits, "{place}");
                        refused += 1;
                    }
                    // Old signers left out the NULL of the algorithm identifier; the standard has it, and so do we.
                    TestResult::Acceptable => {
                        assert!(test.flags.contains(&TestFlag::MissingNull), "{place}");
                        assert!(!fits, "{place}");
                        without_null += 1;
                    }
                }
            }
        }
    }
    println!("{refused} refused, {accepted} accepted, {without_null} without NULL refused");
    assert!(refused >= 749 && accepted >= 21 && without_null >= 3);
}
