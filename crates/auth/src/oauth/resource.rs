//! The identifier of a protected resource (RFC 8707, section 2): what a token has to be made out to.

use super::reach;
use url::Url;

/// Where the metadata of a resource is, put between its host and its path (RFC 9728, section 3).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The URL of a resource, as it was written and as it is read.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    text: String,
    origin: String,
    url: Url,
}

impl Resource {
    /// Reads a resource identifier.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| {
            format!("the resource `{text}` is not a URL; write the address that clients use, such as `https://api.example.com/mcp`")
        })?;
        if url.scheme() != "https" && !(url.scheme() == "http" && reach::is_loopback(&url)) {
            return Err(format!("the resource `{text}` has to be an https URL; http is for loopback addresses only"));
        }
        if url.fragment().is_some() {
            return Err(format!("the resource `{text}` has a fragment; leave out what begins with `#`"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!("the resource at `{}` names a user; leave out what is before `@`", host(&url)));
        }
        // The text is compared with what tokens say, character by character: it has to be what every client makes of it.
        let canonical = url.as_str();
        if canonical != text && canonical.strip_suffix('/') != Some(text) {
            return Err(format!("the resource `{text}` is not in canonical form; write `{canonical}`"));
        }
        Ok(Self { text: text.to_owned(), origin: url.origin().ascii_serialization(), url })
    }

    /// The resource that is another path of the same server.
    pub(super) fn sibling(&self, path: &str) -> Result<Self, String> {
        Self::new(&format!("{}{path}", self.origin))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether an audience is this resource: the same text. Only where there is no path at all, a closing slash makes no other URL
    /// (RFC 3986, section 6.2.3), and clients differ in writing it.
    pub(super) fn is(&self, audience: &str) -> bool {
        let has_no_path = self.url.path() == "/" && self.url.query().is_none();
        audience == self.text || (has_no_path && audience.strip_suffix('/').unwrap_or(audience) == self.origin)
    }

    /// Whether an audience is another path of the same server.
    pub(super) fn is_sibling(&self, path: &str, audience: &str) -> bool {
        audience.strip_prefix(self.origin.as_str()) == Some(path)
    }

    /// The URL of its metadata.
    pub(super) fn metadata_url(&self) -> String {
        let path = self.url.path();
        let path = if path == "/" { "" } else { path };
        let query = self.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{WELL_KNOWN}{path}{query}", self.origin)
    }
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_the_resource_or_it_is_not() {
        let mcp = Resource::new("https://api.example.com/mcp").unwrap();
        assert!(mcp.is("https://api.example.com/mcp"));
        for other in [
            "https://api.example.com/mcp/",
            "https://api.example.com/mcp/admin",
            "https://api.example.com/mc",
            "https://api.example.com",
            "https://api.example.com/",
            "https://api.example.com/MCP",
            "http://api.example.com/mcp",
            "https://api.example.com/mcp#",
            "",
        ] {
            assert!(!mcp.is(other), "{other}");
        }
        assert!(mcp.is_sibling("/mcp/admin", "https://api.example.com/mcp/admin"));
        assert!(!mcp.is_sibling("/mcp/admin", "https://api.example.com/mcp"));
        assert!(!mcp.is_sibling("/mcp", "https://api.example.com/mcp/admin"));
        for root in ["https://api.example.com", "https://api.example.com/"] {
            let root = Resource::new(root).unwrap();
            assert!(root.is("https://api.example.com") && root.is("https://api.example.com/"));
            assert!(!root.is("https://api.example.com/mcp") && !root.is("https://api.example.co") && !root.is(""));
        }
    }

    #[test]
    fn metadata_is_between_host_and_path() {
        let url = |text| Resource::new(text).unwrap().metadata_url();
        let well_known = "https://api.example.com/.well-known/oauth-protected-resource";
        assert_eq!(url("https://api.example.com"), well_known);
        assert_eq!(url("https://api.example.com/"), well_known);
        assert_eq!(url("https://api.example.com/mcp"), format!("{well_known}/mcp"));
        assert_eq!(url("https://api.example.com/a/b?c=d"), format!("{well_known}/a/b?c=d"));
        assert_eq!(url("http://127.0.0.1:8000/mcp"), "http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp");
    }
}
