//! The people and companies that exist in a fresh sandbox.
//!
//! The identifiers are fixed, so that documentation and scripts may name them; none of them is a
//! secret.
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

/// One company with its people.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) country_code: &'static str,
    pub(crate) manager: Arc<User>,
    pub(crate) employments: Vec<Arc<Employment>>,
}

/// One person with a Remote account.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
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
        self.managed.id
    }

    /// Returns the user id of the managed company's manager, which is the `user_id` of every
    /// redeemed code and may stand in `urn:remote-api:company-manager:user:…`.
    pub fn manager_user_id(&self) -> &str {
        self.managed.manager.id
    }

    /// Returns the id of the managed company's first employment, which may stand in
    /// `urn:remote-api:employee:employment:…`.
    pub fn employment_id(&self) -> &str {
        self.managed.employments[0].id
    }

    /// Returns the user id of a manager whose company the demo client does not manage.
    pub fn unmanaged_user_id(&self) -> &str {
        self.unmanaged.manager.id
    }

    /// Returns the id of an employment in the company that the demo client does not manage.
    pub fn unmanaged_employment_id(&self) -> &str {
        self.unmanaged.employments[0].id
    }

    /// The company whose manager consents and whose customer tokens exist.
    pub(crate) fn company(&self) -> &Arc<Company> {
        &self.managed
    }

    /// The managed company of which this user is a manager.
    pub(crate) fn managed_by_user(&self, user_id: &str) -> Option<&Arc<Company>> {
        Some(&self.managed).filter(|company| company.manager.id == user_id)
    }

    /// The managed company in which this employment is, and the employment.
    pub(crate) fn employment(&self, id: &str) -> Option<(&Arc<Company>, &Arc<Employment>)> {
        let employment = self
            .managed
            .employments
            .iter()
            .find(|employment| employment.id == id)?;
        Some((&self.managed, employment))
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
        id: "c0a80001-5a4d-4b0c-8d0e-5a17d0c0a001",
        name: "Acme Demo Ltd",
        country_code: "GBR",
        manager: Arc::new(User {
            id: "d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b001",
            name: "Jane Smith",
            email: "jane.smith@acme.example",
        }),
        employments: vec![
            Arc::new(Employment {
                id: "e7700001-5a4d-4b0c-8d0e-5a17d0c0e001",
                job_title: "Engineer",
                owner: User {
                    id: "d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b002",
                    name: "Ola Nordmann",
                    email: "ola.nordmann@acme.example",
                },
            }),
            Arc::new(Employment {
                id: "e7700002-5a4d-4b0c-8d0e-5a17d0c0e002",
                job_title: "Designer",
                owner: User {
                    id: "d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b003",
                    name: "Maria da Silva",
                    email: "maria.dasilva@acme.example",
                },
            }),
        ],
    }
}

fn unmanaged_company() -> Company {
    Company {
        id: "c0a80002-5a4d-4b0c-8d0e-5a17d0c0a002",
        name: "Someone Else GmbH",
        country_code: "DEU",
        manager: Arc::new(User {
            id: "d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b004",
            name: "Erika Mustermann",
            email: "erika.mustermann@else.example",
        }),
        employments: vec![Arc::new(Employment {
            id: "e7700003-5a4d-4b0c-8d0e-5a17d0c0e003",
            job_title: "Accountant",
            owner: User {
                id: "d15ea5e0-5a4d-4b0c-8d0e-5a17d0c0b005",
                name: "Max Mustermann",
                email: "max.mustermann@else.example",
            },
        })],
    }
}
