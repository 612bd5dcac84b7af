//! Every table and its columns, and what stands in them, counted and digested.
//!
//! A digest is the sum of the SHA-256 of a table's rows, so it does not depend on their order, in which databases differ.

use std::fmt::Debug;

use aws_lc_rs::digest::{SHA256, digest};
use futures_util::TryStreamExt as _;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::Transaction;

/// A column, by its type: all that there is here.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    Text(&'static str),
    Number(&'static str),
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Text(name) | Self::Number(name) => name,
        }
    }
}

/// A table and its columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
}

/// Every table, such that what refers to another one comes after it.
pub(super) const TABLES: [Table; 18] = {
    use Column::{Number, Text};
    const fn table(name: &'static str, columns: &'static [Column]) -> Table {
        Table { name, columns }
    }
    [
        table("platform_config", &[Text("key"), Text("value"), Number("revision"), Number("updated_at")]),
        table(
            "license_history",
            &[
                Text("id"),
                Number("revision"),
                Text("jwt"),
                Text("public_key"),
                Number("installed_at"),
                Number("replaced_at"),
                Text("replaced_by"),
            ],
        ),
        table(
            "users",
            &[Text("id"), Text("email"), Text("name"), Text("role"), Text("password_hash"), Number("created_at")],
        ),
        table(
            "sessions",
            &[
                Text("id_hash"),
                Text("public_id"),
                Text("user_id"),
                Number("created_at"),
                Number("seen_at"),
                Number("expires_at"),
                Text("agent"),
                Text("address"),
            ],
        ),
        table(
            "invitations",
            &[
                Text("id"),
                Text("code_hash"),
                Text("email"),
                Text("role"),
                Text("inviter_id"),
                Text("invited_by"),
                Number("created_at"),
                Number("expires_at"),
            ],
        ),
        table("setup_tokens", &[Text("token_hash"), Number("created_at"), Text("installer")]),
        table("setup_draft", &[Number("id"), Text("jwt"), Text("public_key"), Text("installer"), Number("created_at")]),
        table("returned", &[Text("id_hash"), Text("sealed"), Number("is_stranger"), Number("expires_at")]),
        table("attempts", &[Text("id"), Text("subject"), Number("at")]),
        table("audit", &[Text("id"), Number("at"), Text("actor"), Text("action"), Text("detail"), Text("address")]),
        table(
            "phone_home",
            &[
                Text("subject"),
                Number("next_at"),
                Number("turn"),
                Number("last_success_at"),
                Number("first_failure_at"),
                Number("failures"),
                Text("last_error"),
                Number("revoked_at"),
                Text("reason"),
                Number("seen_at"),
            ],
        ),
        table(
            "notices",
            &[Text("subject"), Text("notice"), Text("user_id"), Number("next_at"), Number("tries"), Number("sent_at")],
        ),
        table("checked", &[Number("id"), Number("at")]),
        table("dismissed", &[Text("user_id"), Text("subject"), Text("notice"), Number("at")]),
        table("known_state", &[Number("id"), Text("state"), Number("at")]),
        table("totals", &[Text("name"), Number("value")]),
        table(
            "usage_reports",
            &[Text("service"), Number("cpu_cores"), Number("ram_gb"), Number("vram_gb"), Number("reported_at")],
        ),
        table(
            "usage_days",
            &[Number("day"), Number("cpu_cores"), Number("ram_gb"), Number("vram_gb"), Number("users")],
        ),
    ]
};

/// Rows, counted and digested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    halves: [u128; 2],
}

impl Sum {
    pub(super) fn add(&mut self, row: &[Value]) {
        let mut bytes = Vec::new();
        for value in row {
            match value {
                Value::Text(None) | Value::Number(None) => bytes.push(0),
                Value::Text(Some(text)) => {
                    bytes.push(1);
                    bytes.extend(text.len().to_be_bytes());
                    bytes.extend(text.as_bytes());
                }
                Value::Number(Some(number)) => {
                    bytes.push(2);
                    bytes.extend(number.to_be_bytes());
                }
            }
        }
        let digest = digest(&SHA256, &bytes);
        let (left, right) = digest.as_ref().split_at(16);
        for (half, bytes) in self.halves.iter_mut().zip([left, right]) {
            let number = bytes.iter().fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
            *half = half.wrapping_add(number);
        }
        self.rows += 1;
    }
}

/// A value as it is read and written.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(Option<String>),
    Number(Option<i64>),
}

impl Table {
    /// What a row of [`select`](Self::select) holds.
    pub(super) fn read(&self, row: &AnyRow) -> Result<Vec<Value>, sqlx::Error> {
        let value = |(index, column): (usize, &Column)| {
            Ok(match column {
                Column::Text(_) => Value::Text(row.try_get(index)?),
                Column::Number(_) => Value::Number(row.try_get(index)?),
            })
        };
        self.columns.iter().enumerate().map(value).collect()
    }

    /// The statement that reads all rows.
    pub(super) fn select(&self) -> AssertSqlSafe<String> {
        // Names of the list above alone.
        // SQLite keeps whatever type somebody wrote.
        let cast = |column: &Column| match column {
            Column::Text(name) => format!("CAST({name} AS TEXT)"),
            Column::Number(name) => format!("CAST({name} AS BIGINT)"),
        };
        let columns: Vec<String> = self.columns.iter().map(cast).collect();
        AssertSqlSafe(format!("SELECT {} FROM {}", columns.join(", "), self.name))
    }

    /// Its columns, with commas between them.
    pub(super) fn names(&self) -> String {
        self.columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ")
    }

    /// Reads all rows; their sum.
    pub(super) async fn sum<For: Debug>(&self, tx: &mut Transaction<For>) -> Result<Sum, sqlx::Error> {
        let mut sum = Sum::default();
        let mut rows = sqlx::query(self.select()).fetch(&mut *tx);
        while let Some(row) = rows.try_next().await? {
            sum.add(&self.read(&row)?);
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    #[tokio::test]
    async fn every_table_and_every_column_is_copied() {
        let folder = tempfile::TempDir::new().unwrap();
        let store = Store::open(&format!("sqlite://{}/all.db", folder.path().display())).await.unwrap();
        let there: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT tables.name, columns.name, columns.type FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns \
             WHERE tables.type = 'table' AND tables.name NOT LIKE '\\_sqlx%' ESCAPE '\\'",
        )
        .fetch_all(&store.read)
        .await
        .unwrap();
        let column = |table: &Table, column: &Column| {
            let kind = match column {
                Column::Text(_) => "TEXT",
                Column::Number(_) => "BIGINT",
            };
            (table.name.to_owned(), column.name().to_owned(), kind.to_owned())
        };
        let copied = TABLES.iter().flat_map(|table| table.columns.iter().map(move |one| column(table, one)));
        let (mut there, mut copied) = (there, copied.collect::<Vec<_>>());
        there.sort();
        copied.sort();
        assert_eq!(there, copied);
    }
}
