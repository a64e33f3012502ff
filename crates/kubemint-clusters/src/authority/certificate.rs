//! A client certificate: what is in it. Everything is put together from typed values, never from a formatted text, so
//! that no name can be more than a name.

use chrono::{DateTime, TimeDelta, Utc};
use kubemint::record::Record;
use x509_cert::TbsCertificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::certificate::Version;
use x509_cert::der::asn1::{
    Any, GeneralizedTime, ObjectIdentifier, OctetString, SetOfVec, UtcTime,
};
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{DateTime as DerTime, Decode as _, Result, Tag};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use crate::config::RoleConfig;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
pub(super) const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// How long ago a certificate begins: the cluster's clock may be behind. (Kubernetes' own signer does the same.)
const BACKDATED: TimeDelta = TimeDelta::minutes(5);

/// Who a certificate is for, as Kubernetes reads it.
pub(crate) struct Subject {
    /// The name of the user.
    pub(crate) name: String,
    /// The groups of the user.
    pub(crate) groups: Vec<String>,
}

impl Subject {
    /// The subject for a record. The name is no other user's in the cluster, whatever it is for: what is bound to "alice"
    /// is not bound to a certificate for alice. It begins with the id, which has no colon, so that no two are alike.
    pub(crate) fn of(record: &Record, role: &RoleConfig) -> Self {
        Self {
            name: format!("kubemint:{}:{}", record.id, record.issued_for),
            groups: role.groups.clone(),
        }
    }

    /// Each group is an `O` of its own, and the name the only `CN`. (The name may be longer than the 64 characters of X.520;
    /// Kubernetes does not mind, and the name would say less otherwise.)
    fn distinguished(&self) -> Result<Name> {
        let groups = self.groups.iter().map(|group| (ORGANIZATION, group));
        let parts = groups.chain([(COMMON_NAME, &self.name)]);
        let parts = parts.map(|(oid, text)| {
            let value = Any::new(Tag::Utf8String, text.as_bytes())?;
            let one = SetOfVec::try_from(vec![AttributeTypeAndValue { oid, value }])?;
            Ok(RelativeDistinguishedName(one))
        });
        Ok(RdnSequence(parts.collect::<Result<_>>()?))
    }
}

/// What comes from the authority.
pub(super) struct Issuer<'a> {
    pub(super) name: &'a Name,
    pub(super) key_id: Option<&'a OctetString>,
    pub(super) algorithm: &'a AlgorithmIdentifierOwned,
}

/// All of a certificate but its signature.
pub(super) fn unsigned(
    issuer: &Issuer<'_>,
    subject: &Subject,
    serial: &[u8],
    public_key: &[u8],
    now: DateTime<Utc>,
    not_after: DateTime<Utc>,
) -> Result<TbsCertificate> {
    let mut extensions = vec![
        extension(
            true,
            &BasicConstraints {
                ca: false,
                path_len_constraint: None,
            },
        )?,
        extension(true, &KeyUsage(FlagSet::from(KeyUsages::DigitalSignature)))?,
        extension(false, &ExtendedKeyUsage(vec![CLIENT_AUTH]))?,
    ];
    if let Some(id) = issuer.key_id {
        extensions.push(extension(
            false,
            &AuthorityKeyIdentifier {
                key_identifier: Some(id.clone()),
                ..AuthorityKeyIdentifier::default()
            },
        )?);
    }
    Ok(TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(serial)?,
        signature: issuer.algorithm.clone(),
        issuer: issuer.name.clone(),
        validity: Validity {
            not_before: time(now - BACKDATED)?,
            not_after: time(not_after)?,
        },
        subject: subject.distinguished()?,
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(public_key)?,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions),
    })
}

fn extension<T: AssociatedOid + x509_cert::der::Encode>(
    critical: bool,
    value: &T,
) -> Result<Extension> {
    Ok(Extension {
        extn_id: T::OID,
        critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}

/// A time as RFC 5280 wants it: two digits of the year before 2050, four from then on.
fn time(at: DateTime<Utc>) -> Result<Time> {
    let seconds = u64::try_from(at.timestamp()).unwrap_or_default();
    let at = DerTime::from_unix_duration(std::time::Duration::from_secs(seconds))?;
    Ok(if at.year() < 2050 {
        Time::UtcTime(UtcTime::from_date_time(at)?)
    } else {
        Time::GeneralTime(GeneralizedTime::from_date_time(at))
    })
}
