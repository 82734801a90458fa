//! From the text of a template to its parts, or what to write instead.

use super::{Field, Part, Template, Value, matching::decoded, overlap::rank};

impl Template {
    /// Reads the template of a path, with variables of one segment: `/invoices/{id}`.
    ///
    /// # Errors
    /// Says what is wrong: unbalanced braces, a name that is not an identifier, two variables in a row (which no
    /// reader could tell apart), or a name used twice.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, path: Vec::new(), query: Vec::new(), in_query: false };
        for piece in pieces(text)? {
            match piece {
                Piece::Literal(literal) => parser.path.push(Part::Literal(literal.to_owned())),
                Piece::Braces(name) if is_name(name) => parser.segment(name, false)?,
                Piece::Braces(name) => {
                    return Err(format!(
                        "`{text}`: `{{{name}}}` is not a variable; write a name of letters, digits and `_`"
                    ));
                }
            }
        }
        parser.finish()
    }

    /// Reads the template of a URI: `invoices://{id}`, `files://{+path}`, `invoices://list{?status,page}`.
    ///
    /// # Errors
    /// Says what is wrong, as [`Template::parse`] does, or that an expression of RFC 6570 cannot be matched and what to
    /// write in its place.
    pub fn uri(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, path: Vec::new(), query: Vec::new(), in_query: false };
        let mut pieces = pieces(text)?.into_iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Literal(literal) => {
                    let name = match pieces.peek() {
                        Some(Piece::Braces(name)) if is_name(name) => Some(*name),
                        _ => None,
                    };
                    if parser.literal(literal, name)? {
                        pieces.next();
                    }
                }
                Piece::Braces(expression) => parser.expression(expression)?,
            }
        }
        parser.finish()
    }
}

enum Piece<'t> {
    Literal(&'t str),
    /// What stands between braces.
    Braces(&'t str),
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(['{', '}']) {
        let (literal, tail) = rest.split_at(open);
        let Some((inside, tail)) = tail.strip_prefix('{').and_then(|tail| tail.split_once('}')) else {
            return Err(format!("`{text}` has a brace without its partner"));
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        pieces.push(Piece::Braces(inside));
        rest = tail;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest));
    }
    Ok(pieces)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

struct Parser<'t> {
    text: &'t str,
    path: Vec<Part>,
    query: Vec<Field>,
    /// Whether the query has begun.
    in_query: bool,
}

impl<'t> Parser<'t> {
    fn wrong<T>(&self, why: impl std::fmt::Display) -> Result<T, String> {
        Err(format!("`{}`: {why}", self.text))
    }

    /// Literal text of a URI, and the variable that follows it. Says whether the variable is taken: `?a={a}`.
    fn literal(&mut self, literal: &'t str, variable: Option<&'t str>) -> Result<bool, String> {
        if literal.contains('#') {
            return self.wrong("a fragment never reaches the server; leave out `#` and what follows");
        }
        let (path, query) = match literal.split_once('?') {
            Some((_, query)) if self.in_query || query.contains('?') => {
                return self.wrong("a URI has one `?`; write `&` before the next name");
            }
            Some((path, query)) => (path, Some(query)),
            None if self.in_query => ("", Some(literal)),
            None => (literal, None),
        };
        if !path.is_empty() {
            if matches!(self.path.as_slice(), [.., Part::Optional, Part::Variable { .. }]) {
                return self.wrong("`{/…}` is the end of the path, or nobody knows which segment is missing");
            }
            self.path.push(Part::Literal(path.to_owned()));
        }
        let Some(query) = query else { return Ok(false) };
        let started = std::mem::replace(&mut self.in_query, true);
        let mut fields = query.split('&').peekable();
        // `&` between two fields, of which the first stands before this text.
        if started && !self.query.is_empty() && fields.next_if_eq(&"").is_none() {
            return self.wrong(format!("`{query}` follows a variable of the query; write `&` between two of them"));
        }
        while let Some(field) = fields.next() {
            let last = fields.peek().is_none();
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            match variable {
                // The variable is the value of the last name.
                Some(variable) if last && field.ends_with('=') && value.is_empty() => {
                    let required = Value::Variable { name: variable.to_owned(), required: true, repeated: false };
                    self.field(name, required)?;
                    return Ok(true);
                }
                Some(variable) if last => {
                    return self.wrong(format!(
                        "in a query a variable is a whole value: write `name={{{variable}}}` or `{{?{variable}}}`"
                    ));
                }
                _ if last && field.is_empty() => {}
                _ => {
                    let value = Value::Literal(self.decode(value)?);
                    self.field(name, value)?;
                }
            }
        }
        Ok(false)
    }

    fn expression(&mut self, expression: &'t str) -> Result<(), String> {
        let (operator, names) = match expression.chars().next() {
            Some(operator @ ('+' | '/' | '?' | '&' | '#' | '.' | ';')) => (Some(operator), &expression[1..]),
            _ => (None, expression),
        };
        if names.contains(':') {
            return self.wrong(format!("`{{{expression}}}` is a prefix, which cannot be read back; leave out `:`"));
        }
        let plain = names.trim_end_matches('*');
        match operator {
            Some('?' | '&') => return self.fields(operator == Some('?'), names),
            Some('#') => return self.wrong("a fragment never reaches the server; leave out `{#…}`"),
            Some(sign @ ('.' | ';')) => {
                return self
                    .wrong(format!("`{{{sign}…}}` is not matched; write `{sign}{{{}}}`", plain.replace(',', "_")));
            }
            _ => {}
        }
        if self.in_query {
            return self.wrong(format!("in a query a variable is a whole value: write `{{&{plain}}}`"));
        }
        if names.contains(',') {
            let each = names.split(',').map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join("/");
            return self.wrong(format!("`{{{expression}}}` is several variables; write `{each}`"));
        }
        if names.ends_with('*') {
            return self.wrong(format!("`{{{expression}}}` is a list; write `{{+{plain}}}` for several segments"));
        }
        if !is_name(names) {
            return self.wrong(format!(
                "`{{{expression}}}` is not a variable; write a name of letters, digits and `_`, with `+`, `/`, `?` or `&` before it or nothing"
            ));
        }
        match operator {
            Some('/') => {
                let last = self.path.last();
                if matches!(last, Some(Part::Variable { several: true, .. })) {
                    return self.wrong(format!("`{{+…}}` takes the segment of `{{/{names}}}` too; leave it out"));
                }
                if matches!(self.path.as_slice(), [.., Part::Optional, Part::Variable { .. }]) {
                    return self.wrong("`{/…}` is the end of the path, or nobody knows which segment is missing");
                }
                self.path.push(Part::Optional);
                self.variable(names, false)
            }
            operator => self.segment(names, operator == Some('+')),
        }
    }

    /// `{?a,b}` and `{&a,b}`.
    fn fields(&mut self, begins: bool, names: &str) -> Result<(), String> {
        match (begins, self.in_query) {
            (true, true) => {
                return self.wrong(format!("the query has begun; write `{{&{names}}}`, or all in one `{{?…}}`"));
            }
            (false, false) => return self.wrong(format!("the query has not begun; write `{{?{names}}}`")),
            _ => self.in_query = true,
        }
        for name in names.split(',') {
            let (name, repeated) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
            if !is_name(name) {
                return self.wrong(format!(
                    "`{name}` is not a variable of a query; write names of letters, digits and `_`, as in `{{?a,b}}`"
                ));
            }
            self.field(name, Value::Variable { name: name.to_owned(), required: false, repeated })?;
        }
        Ok(())
    }

    fn field(&mut self, name: &str, value: Value) -> Result<(), String> {
        let name = self.decode(name)?;
        if name.is_empty() {
            return self.wrong("a value in the query has no name; write `name=value`");
        }
        if self.query.iter().any(|field| field.name == name) {
            return self.wrong(format!("the query has `{name}` twice"));
        }
        if let Value::Variable { name, .. } = &value {
            self.once(name)?;
        }
        self.query.push(Field { name, value });
        Ok(())
    }

    fn decode(&self, text: &str) -> Result<String, String> {
        decoded(text).map_or_else(|| self.wrong(format!("`{text}` is not UTF-8 when it is decoded")), Ok)
    }

    /// `{name}` and `{+name}`.
    fn segment(&mut self, name: &str, several: bool) -> Result<(), String> {
        if matches!(self.path.last(), Some(Part::Variable { .. })) {
            return Err(format!("`{}` has two variables with nothing between them", self.text));
        }
        if several && self.path.iter().any(|part| matches!(part, Part::Variable { several: true, .. })) {
            return self
                .wrong(format!("there is a `{{+…}}` already, and both take what they find; write `{{{name}}}`"));
        }
        self.variable(name, several)
    }

    fn variable(&mut self, name: &str, several: bool) -> Result<(), String> {
        self.once(name)?;
        self.path.push(Part::Variable { name: name.to_owned(), several });
        Ok(())
    }

    fn once(&self, name: &str) -> Result<(), String> {
        let in_path = self.path.iter().any(|part| matches!(part, Part::Variable { name: known, .. } if known == name));
        if in_path || self.query.iter().any(|field| field.variable() == Some(name)) {
            return Err(format!("`{}` has the variable `{name}` twice", self.text));
        }
        Ok(())
    }

    fn finish(self) -> Result<Template, String> {
        if self.in_query && self.query.is_empty() {
            return self.wrong("nothing follows `?`; leave it out");
        }
        Ok(Template { text: self.text.to_owned(), rank: rank(&self.path), path: self.path, query: self.query })
    }
}
