//! The people and companies that exist in a fresh sandbox.
//!
//! The identifiers are fixed, so that documentation and scripts may name them; none of them is a
//! secret.
//! What becomes of them later, and the companies that clients create, is in [`crate::directory`].
//! A later version reads this from a file; the rest of the crate only asks [`Fixture`].

use std::sync::Arc;

/// Holds who exists: one company that the demo client manages, and one that it does not.
///
/// The managed company has a manager, who is the person that consents, and two active employments.
/// The unmanaged company is there to be refused.
#[derive(Debug)]
pub struct Fixture {
    managed: Arc<Company>,
    unmanaged: Arc<Company>,
}

/// One company with its people, of the fixture or created by a client.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) id: Arc<str>,
    pub(crate) name: String,
    pub(crate) country_code: String,
    pub(crate) desired_currency: String,
    /// What the partner calls it.
    pub(crate) external_id: Option<String>,
    /// `active`, or `pending` while its owner has not completed the onboarding.
    pub(crate) status: &'static str,
    pub(crate) manager: Arc<User>,
    pub(crate) employments: Vec<Arc<Employment>>,
}

impl Company {
    pub(crate) fn employment(&self, id: &str) -> Option<&Arc<Employment>> {
        self.employments
            .iter()
            .find(|employment| employment.id == id)
    }
}

/// One person with a Remote account.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    /// `active`, or `initiated` for the owner of a created company.
    pub(crate) status: &'static str,
}

impl User {
    fn active(id: &str, name: &str, email: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            email: email.to_owned(),
            status: "active",
        }
    }
}

/// One employment and the person it belongs to.
#[derive(Debug)]
pub(crate) struct Employment {
    pub(crate) id: &'static str,
    pub(crate) job_title: &'static str,
    pub(crate) owner: User,
}

impl Fixture {
    /// Returns the id of the managed company, which is the `company_id` of every redeemed code.
    pub fn company_id(&self) -> &str {
        &self.managed.id
    }

    /// Returns the user id of the managed company's manager, which is the `user_id` of every
    /// redeemed code and may stand in `urn:remote-api:company-manager:user:…`.
    pub fn manager_user_id(&self) -> &str {
        &self.managed.manager.id
    }

    /// Returns the id of the managed company's first employment, which may stand in
    /// `urn:remote-api:employee:employment:…`.
    pub fn employment_id(&self) -> &str {
        self.managed.employments[0].id
    }

    /// Returns the id of the company that the demo client does not manage.
    pub fn unmanaged_company_id(&self) -> &str {
        &self.unmanaged.id
    }

    /// Returns the user id of a manager whose company the demo client does not manage.
    pub fn unmanaged_user_id(&self) -> &str {
        &self.unmanaged.manager.id
    }

    /// Returns the id of an employment in the company that the demo client does not manage.
    pub fn unmanaged_employment_id(&self) -> &str {
        self.unmanaged.employments[0].id
    }

    /// The company whose manager consents and whose customer tokens exist.
    pub(crate) fn company(&self) -> &Arc<Company> {
        &self.managed
    }

    /// The company that exists to be refused.
    pub(crate) fn unmanaged_company(&self) -> &Arc<Company> {
        &self.unmanaged
    }
}

impl Default for Fixture {
    fn default() -> Self {
        Self {
            managed: Arc::new(managed_company()),
            unmanaged: Arc::new(unmanaged_company()),
        }
    }
}

fn managed_company() -> Company {
    Company {
        id: "c0a80001-5a4d-4b0c-8d0e-5a17d0c0a001".into(),
        name: "Acme Demo Ltd".to_owned(),
        country_code: "GBR".to_owned(),
        desired_currency: "GBP".to_owned(),
        external_id: None,
        status: "active",
        manager: Arc::new(User::active(
            "d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b001",
            "Jane Smith",
            "jane.smith@acme.example",
        )),
        employments: vec![
            Arc::new(Employment {
                id: "e7700001-5a4d-4b0c-8d0e-5a17d0c0e001",
                job_title: "Engineer",
                owner: User::active(
                    "d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b002",
                    "Ola Nordmann",
                    "ola.nordmann@acme.example",
                ),
            }),
            Arc::new(Employment {
                id: "e7700002-5a4d-4b0c-8d0e-5a17d0c0e002",
                job_title: "Designer",
                owner: User::active(
                    "d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b003",
                    "Maria da Silva",
                    "maria.dasilva@acme.example",
                ),
            }),
        ],
    }
}

fn unmanaged_company() -> Company {
    Company {
        id: "c0a80002-5a4d-4b0c-8d0e-5a17d0c0a002".into(),
        name: "Someone Else GmbH".to_owned(),
        country_code: "DEU".to_owned(),
        desired_currency: "EUR".to_owned(),
        external_id: None,
        status: "active",
        manager: Arc::new(User::active(
            "d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b004",
            "Erika Mustermann",
            "erika.mustermann@else.example",
        )),
        employments: vec![Arc::new(Employment {
            id: "e7700003-5a4d-4b0c-8d0e-5a17d0c0e003",
            job_title: "Accountant",
            owner: User::active(
                "d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b005",
                "Max Mustermann",
                "max.mustermann@else.example",
            ),
        })],
    }
}
