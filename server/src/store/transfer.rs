//! Everything that is stored, copied from one database to another: to move to PostgreSQL, or as a backup.
//!
//! Each table is read in one snapshot, and counted and digested on both sides.

use std::fmt::Debug;

use futures_util::TryStreamExt as _;
use sqlx::AssertSqlSafe;

use super::tables::{Sum, TABLES, Table, Value};
use super::{Store, Transaction, Unavailable};

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

/// Rows that are written by one statement.
const BATCH: usize = 500;

impl Table {
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
}

impl Store {
    /// Copies everything into another database, which must be empty. Nobody's writing is held up meanwhile, and none of what is
    /// written meanwhile comes along. `told` hears of each table.
    pub async fn copy_to(&self, to: &Self, told: impl FnMut(Copied)) -> Result<(), TransferError> {
        let mut from = self.snapshot().await?;
        self.take_long(&mut from).await?;
        transfer(from, to, told).await
    }

    /// The same, while nobody else can write here: nothing is left behind.
    pub async fn move_to(&self, to: &Self, told: impl FnMut(Copied)) -> Result<(), TransferError> {
        let mut from = self.begin().await?;
        self.take_long(&mut from).await?;
        transfer(from, to, told).await
    }
}

async fn transfer<For: Debug>(
    mut from: Transaction<For>,
    to: &Store,
    mut told: impl FnMut(Copied),
) -> Result<(), TransferError> {
    let mut target = to.begin().await?;
    to.take_long(&mut target).await?;
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
