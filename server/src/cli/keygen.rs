//! `countersign keygen`: a vendor's key pair.

use std::path::PathBuf;
use std::process::ExitCode;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use clap::{Args, ValueEnum};
use countersign_license::VerifyingKey;

use super::report::fingerprint_lines;
use super::{Failure, pem, print, write_new};

/// Make a key pair for signing licenses: private.pem and public.pem
#[derive(Args, Debug)]
#[command(after_help = "Existing files are never overwritten.")]
pub(super) struct Keygen {
    /// The size of the key; 3072 bits are as strong as AES-128, 2048 bits are not
    #[arg(long, value_enum, default_value = "3072")]
    bits: Bits,
    /// The folder to write to; made if it is missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Bits {
    #[value(name = "2048")]
    B2048,
    #[value(name = "3072")]
    B3072,
    #[value(name = "4096")]
    B4096,
}

impl Keygen {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let (private_path, public_path) = (self.out.join("private.pem"), self.out.join("public.pem"));
        if public_path.exists() {
            return Err(Failure(format!("{} is already there and stays as it is", public_path.display())));
        }
        let size = match self.bits {
            Bits::B2048 => KeySize::Rsa2048,
            Bits::B3072 => KeySize::Rsa3072,
            Bits::B4096 => KeySize::Rsa4096,
        };
        let failed = |_| Failure("the key could not be made: the cryptographic library refused".to_owned());
        let pair = KeyPair::generate(size).map_err(failed)?;
        let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(failed)?;
        let public = public_pem(&pair)?;
        let key = VerifyingKey::parse(&public).map_err(|error| Failure(error.to_string()))?;

        std::fs::create_dir_all(&self.out)
            .map_err(|error| Failure(format!("cannot make the folder {}: {error}", self.out.display())))?;
        write_new(&private_path, &pem::encode("PRIVATE KEY", private.as_ref()), true)?;
        write_new(&public_path, &public, false)?;
        print(&format!(
            "{}  signs licenses: keep it secret\n{}  goes into every bundle: publish its fingerprint\n\n\
             SHA-256 of the public key, {} bits\n{}  {}\n",
            private_path.display(),
            public_path.display(),
            key.bits(),
            fingerprint_lines(key.fingerprint()),
            key.fingerprint(),
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The public half as PEM `SubjectPublicKeyInfo`.
pub(super) fn public_pem(pair: &KeyPair) -> Result<String, Failure> {
    let der = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key())
        .map_err(|_| Failure("the public key could not be written: the cryptographic library refused".to_owned()))?;
    Ok(pem::encode("PUBLIC KEY", der.as_ref()))
}
