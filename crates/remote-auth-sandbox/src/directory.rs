//! Who exists at this moment: the fixture, the companies that clients created, and what has become
//! of them since.
//!
//! The invariant: what is looked up for a client is managed by that client on that gateway, and
//! still active.
//! A company of the fixture is managed by every client on every gateway, and a created one by its
//! creator on the gateway where it was created.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    fixture::{Company, Employment, Fixture},
    gateway::Gateway,
};

/// Created companies; beyond that the oldest is forgotten.
const CREATED_MAX: usize = 1_024;

/// What ended a client's access to a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    /// The company left its partner; a new consent brings it back.
    Offboarded,
    /// The company is closed for good.
    Archived,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Directory {
    managed: Vec<Arc<Company>>,
    unmanaged: Vec<Arc<Company>>,
    created: VecDeque<Created>,
    ended: BTreeMap<Arc<str>, Ending>,
    /// Employments whose user is inactive.
    deactivated: BTreeSet<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Created {
    company: Arc<Company>,
    client_id: Arc<str>,
    gateway: Gateway,
}

impl Directory {
    pub(crate) fn new(fixture: &Fixture) -> Self {
        let archived = fixture.archived.iter();
        let archived = archived.map(|id| (Arc::clone(id), Ending::Archived));
        Self {
            managed: fixture.managed.clone(),
            unmanaged: fixture.unmanaged.clone(),
            created: VecDeque::new(),
            ended: archived.collect(),
            deactivated: fixture.inactive.iter().cloned().collect(),
        }
    }

    /// The companies that a client manages on a gateway, in the order of their creation.
    pub(crate) fn managed(
        &self,
        client_id: &str,
        gateway: Gateway,
    ) -> impl Iterator<Item = &Arc<Company>> {
        let created = self
            .created
            .iter()
            .filter(move |created| created.gateway == gateway && *created.client_id == *client_id)
            .map(|created| &created.company);
        let fixed = self.managed.iter();
        fixed
            .chain(created)
            .filter(|company| !self.ended.contains_key(&company.id))
    }

    pub(crate) fn company(
        &self,
        client_id: &str,
        gateway: Gateway,
        id: &str,
    ) -> Option<&Arc<Company>> {
        self.managed(client_id, gateway)
            .find(|company| *company.id == *id)
    }

    /// The company of which this user is a manager.
    pub(crate) fn managed_by_user(
        &self,
        client_id: &str,
        gateway: Gateway,
        user_id: &str,
    ) -> Option<&Arc<Company>> {
        self.managed(client_id, gateway)
            .find(|company| company.manager.id == user_id)
    }

    /// The company in which this employment is, and the employment, while its user is active.
    pub(crate) fn employment(
        &self,
        client_id: &str,
        gateway: Gateway,
        id: &str,
    ) -> Option<(&Arc<Company>, &Arc<Employment>)> {
        self.managed(client_id, gateway).find_map(|company| {
            let employment = company.employment(id)?;
            let is_active = !self.is_deactivated(employment);
            is_active.then_some((company, employment))
        })
    }

    /// The company that has this name already, whoever manages it.
    pub(crate) fn named(&self, gateway: Gateway, name: &str) -> Option<&Arc<Company>> {
        let created = self.created.iter();
        let here = created.filter(|created| created.gateway == gateway);
        let fixed = self.managed.iter().chain(&self.unmanaged);
        fixed
            .chain(here.map(|created| &created.company))
            .find(|company| company.name == name)
    }

    pub(crate) fn add(&mut self, company: Arc<Company>, client_id: Arc<str>, gateway: Gateway) {
        if self.created.len() == CREATED_MAX
            && let Some(oldest) = self.created.pop_front()
        {
            self.ended.remove(&oldest.company.id);
        }
        self.created.push_back(Created {
            company,
            client_id,
            gateway,
        });
    }

    /// The company of this id that some client manages on some gateway.
    pub(crate) fn managed_by_any(&self, id: &str) -> Option<&Arc<Company>> {
        let created = self.created.iter().map(|created| &created.company);
        let fixed = self.managed.iter();
        fixed
            .chain(created)
            .find(|company| *company.id == *id && !self.ended.contains_key(&company.id))
    }

    /// The employment of this id with its company, if its user is active.
    pub(crate) fn active_employment(&self, id: &str) -> Option<(Arc<Company>, Arc<Employment>)> {
        // Only the fixture has employments.
        let mut here = self.managed.iter();
        let (company, employment) = here.find_map(|company| {
            let employment = company.employment(id)?;
            Some((company, employment))
        })?;
        let is_active = !self.ended.contains_key(&company.id) && !self.is_deactivated(employment);
        is_active.then(|| (Arc::clone(company), Arc::clone(employment)))
    }

    pub(crate) fn end(&mut self, company: &Company, ending: Ending) {
        self.ended.insert(Arc::clone(&company.id), ending);
    }

    /// Takes back a company that had left and now consents again.
    pub(crate) fn readmit(&mut self, company: &Company) {
        if self.ended.get(&company.id) == Some(&Ending::Offboarded) {
            self.ended.remove(&company.id);
        }
    }

    pub(crate) fn is_archived(&self, company: &Company) -> bool {
        self.ended.get(&company.id) == Some(&Ending::Archived)
    }

    pub(crate) fn deactivate(&mut self, employment: &Employment) {
        self.deactivated.insert(employment.id.clone());
    }

    pub(crate) fn is_deactivated(&self, employment: &Employment) -> bool {
        self.deactivated.contains(&employment.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{CompanyStatus, User, UserStatus};

    fn company(number: usize) -> Arc<Company> {
        Arc::new(Company {
            id: format!("c{number}").into(),
            name: format!("Company {number}"),
            country_code: "NOR".to_owned(),
            desired_currency: "NOK".to_owned(),
            external_id: None,
            status: CompanyStatus::Pending,
            manager: Arc::new(User {
                id: format!("u{number}"),
                name: String::new(),
                email: String::new(),
                status: UserStatus::Initiated,
            }),
            employments: Vec::new(),
        })
    }

    #[test]
    fn a_created_company_is_seen_by_its_client_on_its_gateway_only() {
        let mut directory = Directory::new(&Fixture::default());
        directory.add(company(1), "client1".into(), Gateway::Sandbox);
        for (client, gateway, seen) in [
            ("client1", Gateway::Sandbox, true),
            ("client2", Gateway::Sandbox, false),
            ("client1", Gateway::Production, false),
        ] {
            let row = format!("{client} {gateway}");
            assert_eq!(
                directory.company(client, gateway, "c1").is_some(),
                seen,
                "{row}"
            );
            let of_manager = directory.managed_by_user(client, gateway, "u1");
            assert_eq!(of_manager.is_some(), seen, "{row}");
            let count = directory.managed(client, gateway).count();
            assert_eq!(count, 1 + usize::from(seen), "{row}");
        }
    }

    #[test]
    fn an_offboarded_company_comes_back_and_an_archived_one_does_not() {
        for (ending, back) in [(Ending::Offboarded, true), (Ending::Archived, false)] {
            let fixture = Fixture::default();
            let mut directory = Directory::new(&fixture);
            let id = fixture.company_id();
            directory.end(fixture.company(), ending);
            assert!(directory.company("c", Gateway::Sandbox, id).is_none());
            assert!(directory.managed_by_any(id).is_none());
            assert!(
                directory
                    .active_employment(fixture.employment_id())
                    .is_none()
            );
            directory.readmit(fixture.company());
            let found = directory.company("c", Gateway::Sandbox, id);
            assert_eq!(found.is_some(), back, "{ending:?}");
        }
    }

    #[test]
    fn a_full_directory_forgets_its_oldest_created_company() {
        let mut directory = Directory::new(&Fixture::default());
        for number in 0..=CREATED_MAX {
            directory.add(company(number), "client1".into(), Gateway::Sandbox);
        }
        assert_eq!(directory.created.len(), CREATED_MAX);
        assert!(directory.managed_by_any("c0").is_none());
        assert!(directory.managed_by_any("c1").is_some());
    }
}
