//! Everything that is stored, read and looked at for damage.

use super::tables::TABLES;
use super::{Copied, Kind, Store, Unavailable};

/// What an examination found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examined {
    /// Every table that can be read whole.
    pub tables: Vec<Copied>,
    /// What is wrong, in sentences without a dot at their end.
    pub problems: Vec<String>,
}

impl Store {
    /// Reads everything, in one snapshot, and looks for damage.
    pub async fn examine(&self) -> Result<Examined, Unavailable> {
        let mut tx = self.snapshot().await?;
        self.take_long(&mut tx).await?;
        let mut found = Examined::default();
        if self.kind == Kind::Sqlite {
            let lines: Vec<String> =
                sqlx::query_scalar("SELECT integrity_check FROM pragma_integrity_check").fetch_all(&mut tx).await?;
            found
                .problems
                .extend(lines.into_iter().filter(|line| line != "ok").map(|line| format!("SQLite says: {line}")));
            let orphans: i64 =
                sqlx::query_scalar("SELECT COUNT(*) FROM pragma_foreign_key_check").fetch_one(&mut tx).await?;
            if orphans > 0 {
                found.problems.push(format!("{orphans} rows belong to a user who is not there"));
            }
        }
        for table in &TABLES {
            match table.sum(&mut tx).await {
                Ok(sum) => found.tables.push(Copied { table: table.name, rows: sum.rows }),
                Err(error) => {
                    // Who is held up, or has lost the file, knows nothing of damage.
                    let why = Unavailable::from(error);
                    if why != Unavailable::Away {
                        return Err(why);
                    }
                    found.problems.push(format!("the table {} cannot be read", table.name));
                    // A transaction that failed reads nothing any more. With a database that is gone, this ends here.
                    // It has the one connection that there is.
                    drop(tx);
                    tx = self.snapshot().await?;
                    self.take_long(&mut tx).await?;
                }
            }
        }
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT key, CAST(revision AS BIGINT) FROM platform_config WHERE key IN ('license_jwt', 'license_public_key')",
        )
        .fetch_all(&mut tx)
        .await?;
        match rows.as_slice() {
            [] => {}
            [(_, one), (_, other)] if one == other => {}
            [_, _] => found
                .problems
                .push("license and key have different revisions: they were not written together".to_owned()),
            _ => found.problems.push("only one of license and key is there".to_owned()),
        }
        Ok(found)
    }
}
