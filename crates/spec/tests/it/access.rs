//! Principals and permissions.

use diptych_spec::{
    AllOf, AnyOf, Anyone, Authenticated, ErrorKind, Permission, Principal, Scope, ScopeHierarchy, Secret,
};

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

#[test]
fn permissions_are_combined() {
    let bob = |who: Option<&Principal>| who.is_some_and(|who| who.subject() == "bob");
    let none: [Anyone; 0] = [];
    let nested = || AllOf((Scope("a"), AnyOf([Scope("b"), Scope("c")])));
    let permissions: [(&str, Box<dyn Permission>); 9] = [
        ("all a b", Box::new(AllOf([Scope("a"), Scope("b")]))),
        ("any a b", Box::new(AnyOf(vec![Scope("a"), Scope("b")]))),
        ("a and bob", Box::new(AllOf((Scope("a"), bob)))),
        ("a or bob", Box::new(AnyOf((bob, Scope("a"))))),
        ("a and (b or c)", Box::new(nested())),
        ("anyone and a", Box::new(AllOf((Anyone, Scope("a"))))),
        ("anyone or a", Box::new(AnyOf((Scope("a"), Anyone)))),
        ("all of nothing", Box::new(AllOf(none))),
        ("any of nothing", Box::new(AnyOf(none))),
    ];
    // Who: the name and the scopes. Refused: 401, or 403 with the scopes that are asked for.
    type Row = (&'static str, Option<(&'static str, &'static [&'static str])>, Result<(), (u16, &'static str)>);
    let rows: [Row; 27] = [
        ("all a b", Some(("ann", &["a", "b"])), Ok(())),
        ("all a b", Some(("ann", &["a"])), Err((403, "a b"))),
        ("all a b", Some(("ann", &[])), Err((403, "a b"))),
        ("all a b", None, Err((401, ""))),
        ("any a b", Some(("ann", &["b"])), Ok(())),
        ("any a b", Some(("ann", &["a b"])), Err((403, "a"))),
        ("any a b", None, Err((401, ""))),
        ("a and bob", Some(("bob", &["a"])), Ok(())),
        ("a and bob", Some(("bob", &[])), Err((403, "a"))),
        // A scope would not help, so none is asked for.
        ("a and bob", Some(("ann", &["a"])), Err((403, ""))),
        ("a and bob", Some(("ann", &[])), Err((403, ""))),
        ("a and bob", None, Err((401, ""))),
        ("a or bob", Some(("bob", &[])), Ok(())),
        ("a or bob", Some(("ann", &["a"])), Ok(())),
        ("a or bob", Some(("ann", &[])), Err((403, "a"))),
        ("a or bob", None, Err((401, ""))),
        ("a and (b or c)", Some(("ann", &["a", "c"])), Ok(())),
        ("a and (b or c)", Some(("ann", &["a"])), Err((403, "a b"))),
        ("a and (b or c)", Some(("ann", &["b", "c"])), Err((403, "a b"))),
        ("anyone and a", None, Err((401, ""))),
        ("anyone and a", Some(("ann", &["a"])), Ok(())),
        ("anyone or a", None, Ok(())),
        ("anyone or a", Some(("ann", &[])), Ok(())),
        ("all of nothing", Some(("ann", &["a"])), Err((403, ""))),
        ("all of nothing", None, Err((403, ""))),
        ("any of nothing", Some(("ann", &["a"])), Err((403, ""))),
        ("any of nothing", None, Err((403, ""))),
    ];
    for (name, who, expected) in rows {
        let (_, permission) = permissions.iter().find(|(own, _)| *own == name).unwrap();
        let principal = who.map(|(subject, scopes)| Principal::new("i", subject, scopes.to_vec()).unwrap());
        let checked = permission.check(principal.as_ref());
        let checked = checked.map_err(|error| (error.problem().status, error.scopes().join(" ")));
        assert_eq!(checked, expected.map_err(|(status, scopes)| (status, scopes.to_owned())), "{name} {who:?}");
    }
    let sets = |permission: &dyn Permission| -> Vec<String> {
        permission.alternatives().iter().map(|set| set.join(" ")).collect()
    };
    assert_eq!(sets(&nested()), ["a b", "a c"]);
    assert_eq!(nested().scopes(), ["a", "b", "c"]);
    assert_eq!(sets(&AnyOf((AllOf([Scope("a"), Scope("a")]), bob))), ["a", ""]);
    let open = |name: &str| permissions.iter().find(|(own, _)| *own == name).unwrap().1.is_open();
    assert!(open("anyone or a") && !open("anyone and a") && !open("all of nothing") && !open("any of nothing"));
    let wrong = |permission: &dyn Permission| permission.mistake().is_some();
    assert!(wrong(&AllOf(none)) && wrong(&AnyOf((Anyone, AnyOf(none)))) && wrong(&AllOf([Scope("a b")])));
    assert!(wrong(&Scope("")) && wrong(&Scope("a\"")) && !wrong(&nested()) && !wrong(&Scope("https://x.example/a:b")));
}

#[test]
fn a_scope_contains_others_where_it_is_said() {
    let mut hierarchy = ScopeHierarchy::default();
    hierarchy.contains("admin", ["write", "reports"]);
    hierarchy.contains("write", ["read"]);
    hierarchy.contains("circle", ["round"]);
    hierarchy.contains("round", ["circle"]);
    for (own, expanded) in [
        (&["admin"] as &[&str], Some(&["admin", "read", "reports", "write"] as &[&str])),
        (&["write"], Some(&["read", "write"])),
        (&["read"], None),
        (&["write", "read"], None),
        (&["write:all", "Write", "adm"], None),
        (&["round"], Some(&["circle", "round"])),
        (&[], None),
    ] {
        let ann = Principal::new("i", "ann", own.to_vec()).unwrap();
        let scopes = hierarchy.expand(&ann).map(|principal| principal.scopes().to_vec());
        assert_eq!(scopes, expanded.map(|scopes| scopes.iter().map(ToString::to_string).collect()), "{own:?}");
    }
    assert!(hierarchy.mistakes().is_empty());
    hierarchy.contains("a b", [""]);
    assert_eq!(hierarchy.mistakes().len(), 2);
}

#[test]
fn a_secret_is_not_seen() {
    let ann = Principal::new("i", "ann", ["a"]).unwrap().with_token(Secret::new("hush"));
    assert_eq!(ann.token().unwrap().expose(), "hush");
    assert!(!format!("{ann:?} {:?}", ann.token()).contains("hush"));
}

#[test]
fn credentials_for_some_operations_are_good_for_no_others() {
    let mut hierarchy = ScopeHierarchy::default();
    hierarchy.contains("a", ["b"]);
    let ann = || Principal::new("i", "ann", ["a"]).unwrap();
    for (principal, good) in [
        (ann(), true),
        (ann().with_operations(["notes", "bills"]), true),
        (ann().with_operations(["notes.list", "note", ""]), false),
        (ann().with_operations([] as [&str; 0]), false),
    ] {
        assert_eq!(principal.is_good_for("notes"), good);
        let more = hierarchy.expand(&principal).unwrap();
        assert!(more.has_scope("b") && more.is_good_for("notes") == good, "more scopes lift no restriction");
    }
}
