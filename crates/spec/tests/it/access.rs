//! Principals and permissions.

use diptych_spec::{Anyone, Authenticated, ErrorKind, Permission, Principal, Scope};

#[test]
fn a_principal_has_an_id_and_exact_scopes() {
    assert_eq!(Principal::new("i", " ", [""]).unwrap_err().kind(), ErrorKind::Unauthenticated);
    let ann = Principal::new("i", "ann", ["b", "a", "", "a"]).unwrap();
    assert_eq!(ann.scopes(), ["a", "b"]);
    assert!(ann.has_scope("a") && !ann.has_scope("") && !ann.has_scope("a b") && !ann.has_scope("A"));
    assert_eq!(ann, Principal::new("i", "ann", [""]).unwrap());
    assert_ne!(ann, Principal::new("j", "ann", ["a"]).unwrap(), "the same name at another issuer is somebody else");
    assert!(!format!("{ann:?}").contains("scopes"));
}

#[test]
fn permissions_tell_nobody_from_somebody() {
    let ann = Principal::new("i", "ann", ["read"]).unwrap();
    let refused = |permission: &dyn Permission, who| {
        permission.check(who).err().map(|error| (error.kind(), error.code().to_owned()))
    };
    let unauthenticated = Some((ErrorKind::Unauthenticated, "unauthenticated".to_owned()));
    assert_eq!(refused(&Anyone, None), None);
    assert_eq!(refused(&Authenticated, Some(&ann)), None);
    assert_eq!(refused(&Authenticated, None), unauthenticated);
    assert_eq!(refused(&Scope("read"), Some(&ann)), None);
    assert_eq!(refused(&Scope("read"), None), unauthenticated);
    assert_eq!(refused(&Scope("write"), Some(&ann)), Some((ErrorKind::Forbidden, "insufficient_scope".to_owned())));
    let only_bob = |who: Option<&Principal>| who.is_some_and(|who| who.subject() == "bob");
    assert_eq!(refused(&only_bob, Some(&ann)), Some((ErrorKind::Forbidden, "forbidden".to_owned())));
    assert_eq!(refused(&only_bob, None), unauthenticated);
}
