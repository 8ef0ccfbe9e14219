//! What is kept of an object.

use std::collections::BTreeMap;
use std::fmt;

use ipgate::site::AppName;
use kube::core::DynamicObject;
use serde_json::Value;

use super::kind::Kind;
use super::names::KubernetesNames;

/// Which object it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: Kind,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// What is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    /// The app that it is part of, or why it is of none.
    pub(super) app: Result<AppName, String>,
    /// Those annotations that mean something here.
    pub(super) annotations: BTreeMap<String, String>,
    /// The hosts of its specification, where its kind has some.
    pub(super) hosts: Vec<String>,
    /// Its `resourceVersion`.
    pub(super) version: String,
    /// Whether its label `heritage` says that Deis keeps it.
    pub(super) is_of_deis: bool,
}

/// Takes of an object what matters.
pub(super) fn read(kind: Kind, object: DynamicObject, names: &KubernetesNames) -> (Key, Object) {
    let DynamicObject { metadata, data, .. } = object;
    let namespace = metadata.namespace.unwrap_or_default();
    let name = metadata.name.unwrap_or_default();
    let labels = metadata.labels.unwrap_or_default();
    let label = (kind == Kind::Service).then(|| labels.get(&names.app)).flatten();
    let app = app_name(&namespace, label.unwrap_or(&name), kind);
    let mut annotations = metadata.annotations.unwrap_or_default();
    annotations.retain(|name, _| names.has_annotation(name));
    let object = Object {
        app,
        annotations,
        hosts: hosts(kind, &data),
        version: metadata.resource_version.unwrap_or_default(),
        is_of_deis: labels.get("heritage").is_some_and(|heritage| heritage == "deis"),
    };
    (Key { kind, namespace, name }, object)
}

/// Deis has a namespace for each app, so that one name says it; what shares a namespace with others is told apart by both.
fn app_name(namespace: &str, name: &str, kind: Kind) -> Result<AppName, String> {
    let name = match kind == Kind::Service && name == namespace {
        true => name.to_owned(),
        false => format!("{namespace}/{name}"),
    };
    AppName::new(&name).map_err(|error| error.to_string())
}

fn hosts(kind: Kind, data: &Value) -> Vec<String> {
    let texts = |values: Option<&Value>, of: fn(&Value) -> Option<&Value>| {
        let values = values.and_then(Value::as_array).into_iter().flatten();
        values.filter_map(of).filter_map(Value::as_str).map(str::to_owned).collect()
    };
    match kind {
        Kind::Ingress => texts(data.pointer("/spec/rules"), |rule| rule.get("host")),
        Kind::Route => texts(data.pointer("/spec/hostnames"), |host| Some(host)),
        Kind::Router | Kind::Service => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(kind: Kind, json: Value) -> (Key, Object) {
        read(kind, serde_json::from_value(json).unwrap(), &KubernetesNames::default())
    }

    #[test]
    fn an_app_is_named_by_label_and_namespace() {
        for (namespace, name, label, app) in [
            ("drafty-zaniness", "drafty-zaniness", Some("drafty-zaniness"), "drafty-zaniness"),
            ("example", "example-web", Some("example"), "example"),
            ("example", "example-web", None, "example/example-web"),
            ("deis", "deis-controller", Some("deis-controller"), "deis/deis-controller"),
        ] {
            let labels = label.map_or(json!({}), |label| json!({ "app": label }));
            let metadata = json!({ "namespace": namespace, "name": name, "labels": labels });
            let (_, object) = object(Kind::Service, json!({ "metadata": metadata }));
            assert_eq!(object.app.unwrap().as_str(), app);
        }
        let metadata = json!({ "namespace": "shop", "name": "shop", "labels": { "app": "other" } });
        let (_, object) = object(Kind::Ingress, json!({ "metadata": metadata }));
        assert_eq!(object.app.unwrap().as_str(), "shop/shop");
    }

    #[test]
    fn hosts_are_where_each_kind_has_them() {
        let spec = json!({ "rules": [{ "host": "a.example" }, { "http": {} }, { "host": "*.b.example" }] });
        let (_, ingress) = object(Kind::Ingress, json!({ "metadata": { "name": "i" }, "spec": spec }));
        assert_eq!(ingress.hosts, ["a.example", "*.b.example"]);
        let spec = json!({ "hostnames": ["c.example"] });
        let (_, route) = object(Kind::Route, json!({ "metadata": { "name": "r" }, "spec": spec }));
        assert_eq!(route.hosts, ["c.example"]);
    }
}
