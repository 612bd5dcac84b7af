//! Everything that is stored, copied from one database to another: to move to PostgreSQL, or as a backup.
//!
//! Each table is read in one snapshot, and counted and digested on both sides. A digest is the sum of the SHA-256 of its rows, so it
//! does not depend on their order, in which the databases differ.

use std::fmt::Debug;

use aws_lc_rs::digest::{SHA256, digest};
use futures_util::TryStreamExt as _;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Kind, Store, Transaction, Unavailable};

/// A column, by its type: all that there is here.
#[derive(Clone, Copy, Debug)]
enum Column {
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
struct Table {
    name: &'static str,
    columns: &'static [Column],
}

/// Every table, such that what refers to another one comes after it.
const TABLES: [Table; 18] = {
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

/// What was copied of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The table.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
}

/// Why a copy did not come about. The target is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// One of the databases did not do what it was asked to.
    Unavailable(Unavailable),
    /// Something is stored in the target already, in this table.
    NotEmpty(&'static str),
    /// What arrived in this table is not what was sent.
    Differs(&'static str),
}

impl From<Unavailable> for TransferError {
    fn from(why: Unavailable) -> Self {
        Self::Unavailable(why)
    }
}

impl From<sqlx::Error> for TransferError {
    fn from(error: sqlx::Error) -> Self {
        Unavailable::from(error).into()
    }
}

/// Rows, counted and digested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    halves: [u128; 2],
}

impl Sum {
    fn add(&mut self, row: &[Value]) {
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
enum Value {
    Text(Option<String>),
    Number(Option<i64>),
}

/// Rows that are written by one statement.
const BATCH: usize = 500;

impl Table {
    fn read(&self, row: &AnyRow) -> Result<Vec<Value>, sqlx::Error> {
        let value = |(index, column): (usize, &Column)| {
            Ok(match column {
                Column::Text(_) => Value::Text(row.try_get(index)?),
                Column::Number(_) => Value::Number(row.try_get(index)?),
            })
        };
        self.columns.iter().enumerate().map(value).collect()
    }

    fn select(&self) -> AssertSqlSafe<String> {
        // Names of the list above alone.
        // SQLite keeps whatever type somebody wrote.
        let cast = |column: &Column| match column {
            Column::Text(name) => format!("CAST({name} AS TEXT)"),
            Column::Number(name) => format!("CAST({name} AS BIGINT)"),
        };
        let columns: Vec<String> = self.columns.iter().map(cast).collect();
        AssertSqlSafe(format!("SELECT {} FROM {}", columns.join(", "), self.name))
    }

    fn names(&self) -> String {
        self.columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ")
    }

    /// Copies all rows; returns their sum.
    async fn copy<For: Debug>(&self, from: &mut Transaction<For>, to: &mut Transaction) -> Result<Sum, TransferError> {
        let mut sum = Sum::default();
        let mut rows = sqlx::query(self.select()).fetch(&mut *from);
        let mut batch = Vec::new();
        while let Some(row) = rows.try_next().await? {
            let row = self.read(&row)?;
            sum.add(&row);
            batch.push(row);
            if batch.len() == BATCH {
                self.write(to, std::mem::take(&mut batch)).await?;
            }
        }
        if !batch.is_empty() {
            self.write(to, batch).await?;
        }
        Ok(sum)
    }

    async fn write(&self, to: &mut Transaction, rows: Vec<Vec<Value>>) -> Result<(), TransferError> {
        let width = self.columns.len();
        let row = |row: usize| {
            let places: Vec<String> = (1..=width).map(|place| format!("${}", row * width + place)).collect();
            format!("({})", places.join(", "))
        };
        let places: Vec<String> = (0..rows.len()).map(row).collect();
        let insert = format!("INSERT INTO {} ({}) VALUES {}", self.name, self.names(), places.join(", "));
        let mut query = sqlx::query(AssertSqlSafe(insert)).persistent(false);
        for value in rows.into_iter().flatten() {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            };
        }
        query.execute(&mut *to).await?;
        Ok(())
    }

    async fn sum<For: Debug>(&self, tx: &mut Transaction<For>) -> Result<Sum, TransferError> {
        let mut sum = Sum::default();
        let mut rows = sqlx::query(self.select()).fetch(&mut *tx);
        while let Some(row) = rows.try_next().await? {
            sum.add(&self.read(&row)?);
        }
        Ok(sum)
    }
}

impl Store {
    /// Copies everything into another database, which must be empty. Nobody's writing is held up meanwhile, and none of what is
    /// written meanwhile comes along. `told` hears of each table.
    pub async fn copy_to(&self, to: &Self, told: impl FnMut(Copied)) -> Result<(), TransferError> {
        transfer(self.snapshot().await?, to, told).await
    }

    /// The same, while nobody else can write here: nothing is left behind.
    pub async fn move_to(&self, to: &Self, told: impl FnMut(Copied)) -> Result<(), TransferError> {
        transfer(self.begin().await?, to, told).await
    }
}

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
            if let Ok(sum) = table.sum(&mut tx).await {
                found.tables.push(Copied { table: table.name, rows: sum.rows });
            } else {
                found.problems.push(format!("the table {} cannot be read", table.name));
                // A transaction that failed reads nothing any more.
                tx = self.snapshot().await?;
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

async fn transfer<For: Debug>(
    mut from: Transaction<For>,
    to: &Store,
    mut told: impl FnMut(Copied),
) -> Result<(), TransferError> {
    let mut target = to.begin().await?;
    for table in &TABLES {
        if table.sum(&mut target).await?.rows > 0 {
            return Err(TransferError::NotEmpty(table.name));
        }
    }
    for table in &TABLES {
        let sent = table.copy(&mut from, &mut target).await?;
        // Read again, as it will be read.
        if table.sum(&mut target).await? != sent {
            return Err(TransferError::Differs(table.name));
        }
        told(Copied { table: table.name, rows: sent.rows });
    }
    target.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
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
