//! The `OpenAPI` document: what it says of an answer. The fuzzers of `server/fuzz` hold theirs to it as well.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::{Value, json};

use crate::answer::Answer;

pub const JSON: &str = "application/json";
pub const PROBLEM: &str = "application/problem+json";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The document as the server answers it.
pub struct Document(pub Value);

impl Document {
    /// What a `$ref` names, or the value itself.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').expect("a reference into this document");
                self.resolve(self.0.pointer(pointer).unwrap_or_else(|| panic!("{reference} names nothing")))
            }
            None => value,
        }
    }

    pub fn paths(&self) -> BTreeSet<String> {
        self.0["paths"].as_object().unwrap().keys().cloned().collect()
    }

    /// Every operation: method, path template, and what the document says of it.
    pub fn operations(&self) -> Vec<(Method, &str, &Value)> {
        let methods = |(path, item): (&'_ String, &'_ Value)| {
            assert!(item.as_object().unwrap().keys().all(|method| METHODS.contains(&method.as_str())), "{path}");
        };
        self.0["paths"].as_object().unwrap().iter().for_each(methods);
        let paths = self.0["paths"].as_object().unwrap().iter();
        let operations = paths.flat_map(|(path, item)| {
            let item = item.as_object().unwrap().iter();
            item.map(move |(method, operation)| {
                (Method::from_bytes(method.to_uppercase().as_bytes()).unwrap(), path.as_str(), operation)
            })
        });
        operations.collect()
    }

    /// The operation that a request is for: the path template that fits it with the fewest parameters.
    pub fn operation(&self, method: &Method, path: &str) -> &Value {
        self.find(method, path).unwrap_or_else(|| panic!("{method} {path} is not documented"))
    }

    /// The same, if there is one.
    pub fn find(&self, method: &Method, path: &str) -> Option<&Value> {
        let path = path.split('?').next().unwrap();
        let fits = |template: &str| {
            let (one, other) = (template.split('/'), path.split('/'));
            one.clone().count() == other.clone().count()
                && one.zip(other).all(|(one, other)| one == other || one.starts_with('{'))
        };
        let mut operations = self.operations();
        operations.retain(|(known, template, _)| known == method && fits(template));
        operations.sort_by_key(|(_, template, _)| template.matches('{').count());
        operations.first().map(|(_, _, operation)| *operation)
    }

    pub fn responses<'a>(&'a self, operation: &'a Value) -> BTreeMap<u16, &'a Value> {
        let responses = operation["responses"].as_object().unwrap().iter();
        responses.map(|(status, response)| (status.parse().expect("a status"), self.resolve(response))).collect()
    }

    /// What is wrong with an answer, if anything is.
    pub fn judge(&self, method: &Method, path: &str, answer: &Answer) -> Result<(), String> {
        let responses = self.responses(self.operation(method, path));
        let Some(response) = responses.get(&answer.status.as_u16()) else {
            return Err(format!("{} is not documented", answer.status));
        };
        if let Some(headers) = response.get("headers") {
            for (name, header) in headers.as_object().unwrap() {
                let is_required = self.resolve(header)["required"] == true;
                if is_required && answer.header(name).is_empty() {
                    return Err(format!("the header {name} is missing"));
                }
            }
        }
        let kind = answer.header("content-type").split(';').next().unwrap();
        let Some(content) = response.get("content") else {
            return if answer.body.is_empty() { Ok(()) } else { Err("no body is documented".to_owned()) };
        };
        let Some(media) = content.get(kind) else { return Err(format!("{kind} is not documented")) };
        let instance = if [JSON, PROBLEM].contains(&kind) { answer.json() } else { Value::String(answer.body.clone()) };
        self.validate(&media["schema"], &instance, "body")
    }

    /// JSON Schema, as far as the document uses it. A keyword that is not known here fails the test.
    pub fn validate(&self, schema: &Value, instance: &Value, at: &str) -> Result<(), String> {
        let schema = schema.as_object().unwrap_or_else(|| panic!("{at}: a schema is an object"));
        let fail = |what: String| Err(format!("{at}: {what}: {instance}"));
        for (keyword, rule) in schema {
            match keyword.as_str() {
                "$ref" => self.validate(self.resolve(&json!({ "$ref": rule })), instance, at)?,
                "type" => {
                    let types = rule.as_array().map_or_else(|| vec![rule.clone()], Clone::clone);
                    if !types.iter().any(|one| is_of(one.as_str().unwrap(), instance)) {
                        return fail(format!("not of type {rule}"));
                    }
                }
                "enum" if !rule.as_array().unwrap().contains(instance) => return fail(format!("none of {rule}")),
                "const" if rule != instance => return fail(format!("not {rule}")),
                "anyOf" => {
                    let judged: Vec<_> =
                        rule.as_array().unwrap().iter().map(|one| self.validate(one, instance, at)).collect();
                    if judged.iter().all(Result::is_err) {
                        return Err(judged.into_iter().filter_map(Result::err).collect::<Vec<_>>().join(" | "));
                    }
                }
                "properties" => {
                    for (name, rule) in rule.as_object().unwrap() {
                        if let Some(member) = instance.get(name) {
                            self.validate(rule, member, &format!("{at}.{name}"))?;
                        }
                    }
                }
                "required" => {
                    for name in rule.as_array().unwrap() {
                        if instance.is_object() && instance.get(name.as_str().unwrap()).is_none() {
                            return fail(format!("{name} is missing"));
                        }
                    }
                }
                "additionalProperties" => {
                    assert_eq!(*rule, false, "{at}: no other kind is known here");
                    let known = schema["properties"].as_object().unwrap();
                    let members = instance.as_object().into_iter().flatten();
                    if let Some((name, _)) = members.into_iter().find(|(name, _)| !known.contains_key(*name)) {
                        return fail(format!("{name} is not documented"));
                    }
                }
                "items" => {
                    for (index, element) in instance.as_array().into_iter().flatten().enumerate() {
                        self.validate(rule, element, &format!("{at}[{index}]"))?;
                    }
                }
                "minItems"
                    if instance.as_array().is_some_and(|array| (array.len() as u64) < rule.as_u64().unwrap()) =>
                {
                    return fail("too few".to_owned());
                }
                "maxProperties"
                    if instance.as_object().is_some_and(|object| object.len() as u64 > rule.as_u64().unwrap()) =>
                {
                    return fail("too many members".to_owned());
                }
                "minLength" | "maxLength" => {
                    let (length, limit) = (instance.as_str().map(|text| text.chars().count() as u64), rule.as_u64());
                    if length.is_some_and(|_| if keyword == "minLength" { length < limit } else { length > limit }) {
                        return fail(format!("{keyword} is {rule}"));
                    }
                }
                "minimum" | "maximum" => {
                    let (number, limit) = (instance.as_f64(), rule.as_f64());
                    if number.is_some_and(|_| if keyword == "minimum" { number < limit } else { number > limit }) {
                        return fail(format!("{keyword} is {rule}"));
                    }
                }
                "format" => match rule.as_str().unwrap() {
                    "date-time" if instance.as_str().is_some_and(|text| !is_date_time(text)) => {
                        return fail("no instant".to_owned());
                    }
                    "int64" if instance.is_number() && instance.as_i64().is_none() => {
                        return fail("too large".to_owned());
                    }
                    "date-time" | "int64" | "email" => {}
                    other => panic!("the format {other} is not known here"),
                },
                "description" | "enum" | "const" | "minItems" | "maxProperties" => {}
                other => panic!("{at}: the keyword {other} is not known here"),
            }
        }
        Ok(())
    }
}

fn is_of(name: &str, instance: &Value) -> bool {
    match name {
        "object" => instance.is_object(),
        "array" => instance.is_array(),
        "string" => instance.is_string(),
        "integer" => instance.is_i64() || instance.is_u64(),
        "boolean" => instance.is_boolean(),
        "null" => instance.is_null(),
        other => panic!("the type {other} is not known here"),
    }
}

/// `2026-09-21T14:13:20Z`
fn is_date_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00Z"
}
