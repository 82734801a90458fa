//! A key that stays the same, in a file that nobody else can read.

use super::key::{self, Key};
use serde_json::{Value, json};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

/// The key in the file, which is made when it is not there.
///
/// # Errors
/// What is wrong with the file, and what to do.
pub(super) fn open(path: &Path) -> Result<Key, String> {
    let shown = path.display();
    if !path.exists() {
        make(path).map_err(|error| format!("the key file {shown} cannot be made: {error}"))?;
    }
    let text = fs::read_to_string(path).map_err(|error| format!("the key file {shown} cannot be read: {error}"))?;
    if is_open_to_others(path) {
        return Err(format!("the key file {shown} can be read by others; allow it to nobody but yourself (mode 600)"));
    }
    let wrong = |why| format!("the key file {shown} is not good: {why}; remove it, and another is made");
    let kept: Value = serde_json::from_str(&text).map_err(|_| wrong("it is not JSON"))?;
    let pkcs8 = kept["pkcs8"].as_str().and_then(key::decode).ok_or_else(|| wrong("it has no `pkcs8` in base64url"))?;
    Key::from_pkcs8(&pkcs8).map_err(wrong)
}

/// Writes a new key beside the file and links it there: of two programs that start together, both read the same key.
fn make(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder
        && !folder.exists()
    {
        fs::create_dir_all(folder)?;
        // A folder that is ours alone stays out of repositories.
        fs::write(folder.join(".gitignore"), "*\n")?;
    }
    let key = key::new_pkcs8().map_err(io::Error::other)?;
    let kept = json!({
        "about": "A signing key for development. Keep it to yourself, and out of repositories.",
        "pkcs8": key::encode(&key),
    });
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let draft = path.with_extension(format!("{}.draft", key::random().map_err(io::Error::other)?));
    let mut file = options.open(&draft)?;
    let written = file.write_all(format!("{kept:#}\n").as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    fs::remove_file(&draft)?;
    linked
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_and_stays_the_same() {
        let folder = std::env::temp_dir().join(format!("diptych-key-{}", key::random().unwrap()));
        let path = folder.join("own/issuer.json");
        let all: Vec<_> = std::thread::scope(|scope| {
            let open: Vec<_> = (0..4).map(|_| scope.spawn(|| open(&path).unwrap().jwks())).collect();
            open.into_iter().map(|open| open.join().unwrap()).collect()
        });
        assert!(all.iter().all(|jwks| *jwks == all[0]), "whoever is first");
        assert_eq!(fs::read_to_string(folder.join("own/.gitignore")).unwrap(), "*\n");
        assert_eq!(fs::read_dir(folder.join("own")).unwrap().count(), 2, "no draft is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert!(!is_open_to_others(&path));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(open(&path).unwrap_err().contains("mode 600"));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        for (text, why) in [("{", "not JSON"), ("{}", "no `pkcs8`"), (r#"{"pkcs8": "AAAA"}"#, "no key")] {
            fs::write(&path, text).unwrap();
            assert!(open(&path).unwrap_err().contains(why), "{text}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
