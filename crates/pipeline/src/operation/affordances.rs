//! What can be done with each row of an answer now, as the services themselves would say it.

use super::Operation;
use diptych_spec::{Declaration, Error, Principal, Result};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use std::{any::Any, sync::Arc, sync::OnceLock};

/// The services that a selector tells of, found once all operations are known.
#[derive(Default)]
pub(super) struct Affordances(OnceLock<Box<[Operation]>>);

impl Affordances {
    pub(super) fn link(&self, names: &[&'static str], find: &dyn Fn(&str) -> Option<Operation>) {
        let services = names.iter().filter_map(|name| find(name)).collect();
        // The second engine that is made of the same operations has the same services.
        let _ = self.0.set(services);
    }

    /// What can be done with each of the rows, as JSON; `None` where nothing is declared. What the caller may not use at all is left out.
    pub(super) fn of_rows<Row: Any>(
        &self,
        declaration: &Declaration,
        rows: &[Row],
        principal: Option<&Principal>,
    ) -> Result<Option<Vec<Arc<str>>>> {
        let services = self.0.get().map_or(&[][..], |services| services);
        if services.is_empty() {
            return Ok(None);
        }
        let may_use = |service: &&Operation| service.declaration().authorize(principal).is_ok();
        let services: Vec<_> = services.iter().filter(may_use).collect();
        let of_row = |row: &Row| {
            let missing = || Error::internal("a row that has affordances is of another type");
            let row = declaration.afforded(row).ok_or_else(missing)?;
            let actions = serde_json::to_string(&Actions { services: &services, principal, row });
            actions.map(Arc::from).map_err(Error::internal)
        };
        rows.iter().map(of_row).collect::<Result<_>>().map(Some)
    }
}

struct Actions<'a> {
    services: &'a [&'a Operation],
    principal: Option<&'a Principal>,
    row: &'a dyn Any,
}

#[derive(Serialize)]
struct Action<'a> {
    available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

impl Serialize for Actions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut actions = serializer.serialize_map(Some(self.services.len()))?;
        for service in self.services {
            let declaration = service.declaration();
            let refused = declaration.affords(self.principal, self.row).err();
            let action = Action {
                available: refused.is_none(),
                code: refused.as_ref().map(Error::code),
                detail: refused.as_ref().map(Error::detail),
            };
            actions.serialize_entry(declaration.name(), &action)?;
        }
        actions.end()
    }
}
