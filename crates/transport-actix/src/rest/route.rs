//! Which operation a method and a path name. Pure; actix's own routing stops at the prefix.
//!
//! A path without variables wins over one with, whatever the order of declaration and the method (OpenAPI 3.1.0, section 4.8.8.1:
//! concrete paths are matched before templated ones); a path that is served under other methods only is told apart from one that
//! is not served at all.

use super::refuse;
use crate::refusal::Refusal;
use actix_web::http::Method as HttpMethod;
use diptych_pipeline::Engine;
use diptych_spec::{Method, Template};
use std::collections::HashMap;

/// Every route of an engine.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    /// Paths without variables.
    exact: HashMap<String, Vec<Entry>>,
    /// Paths with variables, by their number of segments; the most literal first.
    templates: Vec<Vec<(Rank, Template, Entry)>>,
}

/// A method and the place of an operation in the engine.
type Entry = (Method, usize);

/// How literal each segment is: 0 is a literal, 1 partly, 2 a variable.
type Rank = Vec<u8>;

/// An operation and the decoded variables of its path.
#[derive(Debug)]
pub(super) struct Found<'r> {
    pub(super) operation: usize,
    /// The path that was declared.
    pub(super) template: &'r str,
    pub(super) variables: Vec<(&'r str, String)>,
}

impl Routes {
    pub(crate) fn of(engine: &Engine) -> Self {
        let mut routes = Self::default();
        for (at, operation) in engine.operations().iter().enumerate() {
            for route in operation.declaration().routes() {
                routes.add(&route.path, (route.method, at));
            }
        }
        for bucket in &mut routes.templates {
            bucket.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        }
        routes
    }

    fn add(&mut self, path: &Template, entry: Entry) {
        if path.variables().next().is_none() {
            self.exact.entry(path.as_str().to_owned()).or_default().push(entry);
            return;
        }
        let segments = segments(path.as_str());
        if self.templates.len() <= segments {
            self.templates.resize_with(segments + 1, Vec::new);
        }
        self.templates[segments].push((rank(path.as_str()), path.clone(), entry));
    }

    /// The operation; HEAD is served by that of GET (RFC 9110, section 9.3.2).
    pub(super) fn find(&self, method: &HttpMethod, path: &str) -> Result<Found<'_>, Refusal> {
        let wanted = method_of(method);
        if let Some((declared, exact)) = self.exact.get_key_value(path) {
            return match exact.iter().find(|(served, _)| Some(*served) == wanted) {
                Some((_, operation)) => Ok(Found { operation: *operation, template: declared, variables: Vec::new() }),
                None => Err(refuse::method(&self.methods(path))),
            };
        }
        let bucket = self.templates.get(segments(path)).map_or(&[] as &[_], Vec::as_slice);
        for (_, template, (served, operation)) in bucket {
            if Some(*served) == wanted
                && let Some(variables) = template.matches(path)
            {
                return Ok(Found { operation: *operation, template: template.as_str(), variables });
            }
        }
        let allowed = self.methods(path);
        Err(if allowed.is_empty() { refuse::no_such_path() } else { refuse::method(&allowed) })
    }

    /// The methods of a path, as `Allow` lists them.
    pub(super) fn served(&self, path: &str) -> Result<String, Refusal> {
        let served = self.methods(path);
        if served.is_empty() { Err(refuse::no_such_path()) } else { Ok(refuse::names(&served)) }
    }

    fn methods(&self, path: &str) -> Vec<Method> {
        let mut served: Vec<Method> = match self.exact.get(path) {
            Some(exact) => exact.iter().map(|(served, _)| *served).collect(),
            None => {
                let bucket = self.templates.get(segments(path)).map_or(&[] as &[_], Vec::as_slice);
                let matching = bucket.iter().filter(|(_, template, _)| template.matches(path).is_some());
                matching.map(|(_, _, (served, _))| *served).collect()
            }
        };
        served.sort_unstable();
        served.dedup();
        served
    }
}

fn method_of(method: &HttpMethod) -> Option<Method> {
    match *method {
        HttpMethod::GET | HttpMethod::HEAD => Some(Method::Get),
        HttpMethod::POST => Some(Method::Post),
        HttpMethod::PUT => Some(Method::Put),
        HttpMethod::PATCH => Some(Method::Patch),
        HttpMethod::DELETE => Some(Method::Delete),
        _ => None,
    }
}

fn segments(path: &str) -> usize {
    path.bytes().filter(|byte| *byte == b'/').count()
}

fn rank(path: &str) -> Rank {
    let of = |segment: &str| match (segment.contains('{'), segment.starts_with('{') && segment.ends_with('}')) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) => u8::from(segment.matches('{').count() == 1) + 1,
    };
    path.split('/').map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(declared: &[(Method, &str)]) -> Routes {
        let mut routes = Routes::default();
        for (at, (method, path)) in declared.iter().enumerate() {
            routes.add(&Template::parse(path).unwrap(), (*method, at));
        }
        for bucket in &mut routes.templates {
            bucket.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        }
        routes
    }

    #[test]
    fn the_most_literal_path_wins() {
        let routes = routes(&[
            (Method::Get, "/a/{id}"),
            (Method::Get, "/a/{id}.pdf"),
            (Method::Get, "/a/new"),
            (Method::Get, "/{kind}/{id}"),
            (Method::Get, "/a/{id}/b"),
            (Method::Post, "/a/new"),
        ]);
        for (path, operation) in [
            ("/a/1", Some(0)),
            ("/a/1.pdf", Some(1)),
            ("/a/new", Some(2)),
            ("/b/1", Some(3)),
            ("/a/1/b", Some(4)),
            ("/a/1/c", None),
            ("/a/", None),
            ("/a", None),
            ("/", None),
        ] {
            let found = routes.find(&HttpMethod::HEAD, path).ok().map(|found| found.operation);
            assert_eq!(found, operation, "{path}");
        }
        assert_eq!(routes.find(&HttpMethod::POST, "/a/new").unwrap().operation, 5);
        let found = routes.find(&HttpMethod::GET, "/b/x%2Fy%25").unwrap();
        assert_eq!(found.variables, [("kind", "b".to_owned()), ("id", "x/y%".to_owned())]);
    }

    #[test]
    fn another_method_is_not_an_unknown_path() {
        let routes = routes(&[(Method::Delete, "/a/{id}"), (Method::Get, "/a/{id}"), (Method::Post, "/a/new")]);
        let allow = |method, path| {
            let refused = routes.find(&method, path).unwrap_err().response();
            let allow = refused.headers().get("allow").map(|value| value.to_str().unwrap().to_owned());
            (refused.status().as_u16(), allow)
        };
        // `/a/new` is a path of its own, also for methods that `/a/{id}` has.
        for method in [HttpMethod::PUT, HttpMethod::GET, HttpMethod::DELETE] {
            assert_eq!(allow(method, "/a/new"), (405, Some("POST".to_owned())));
        }
        assert_eq!(allow(HttpMethod::OPTIONS, "/a/1"), (405, Some("GET, HEAD, DELETE".to_owned())));
        assert_eq!(allow(HttpMethod::GET, "/b"), (404, None));
    }
}
