//! The objects of a cluster, in memory, with the versions and events that watching needs.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::catalogue::{self, Resource};
use super::status::Failure;

/// Most events that are remembered for a watch that begins late.
const REMEMBERED: usize = 2048;

/// Namespace (empty for what lies in none) and name.
pub(crate) type Key = (String, String);

/// Something happened to an object.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) version: u64,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub(crate) action: &'static str,
    pub(crate) resource: &'static Resource,
    pub(crate) object: Arc<Value>,
}

/// What becomes of an object that is changed.
pub(crate) enum Change {
    /// It stays as it is.
    Keep,
    /// It becomes this.
    Put(Value),
    /// It goes.
    Remove,
    /// It goes, and this is what it was last.
    RemoveAs(Value),
}

/// A part of a list.
pub(crate) struct Page {
    pub(crate) items: Vec<Arc<Value>>,
    /// Where the next part begins, if there is more.
    pub(crate) next: Option<Key>,
    pub(crate) version: u64,
}

#[derive(Default)]
struct Inner {
    objects: HashMap<(&'static str, &'static str), BTreeMap<Key, Arc<Value>>>,
    version: u64,
    count: usize,
    log: VecDeque<Event>,
}

/// All objects. Every method holds the lock for memory work only.
pub(crate) struct Store {
    inner: RwLock<Inner>,
    events: broadcast::Sender<Event>,
    max_objects: usize,
}

impl Store {
    pub(crate) fn new(max_objects: usize) -> Self {
        Self {
            inner: RwLock::default(),
            events: broadcast::channel(1024).0,
            max_objects,
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(
        &self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Value>> {
        self.read().get(resource, &key(namespace, name)).cloned()
    }

    /// Adds an object, whose `resourceVersion` is set here. Its namespace must exist.
    pub(crate) fn create(
        &self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
        mut object: Value,
    ) -> Result<Arc<Value>, Failure> {
        let mut inner = self.write();
        let namespaces = catalogue::core("namespaces");
        if resource.namespaced && inner.get(namespaces, &key("", namespace)).is_none() {
            return Err(Failure::not_found(namespaces, namespace));
        }
        let key = key(namespace, name);
        if inner.get(resource, &key).is_some() {
            return Err(Failure::already_exists(resource, name));
        }
        if inner.count >= self.max_objects {
            let why = format!(
                "exceeded quota: this sandbox holds at most {} objects",
                self.max_objects
            );
            return Err(Failure::forbidden(
                resource.group,
                resource.name,
                name,
                &why,
            ));
        }
        inner.version += 1;
        inner.count += 1;
        object["metadata"]["resourceVersion"] = json!(inner.version.to_string());
        let object = Arc::new(object);
        inner.of(resource).insert(key, Arc::clone(&object));
        self.tell(&mut inner, "ADDED", resource, &object);
        Ok(object)
    }

    /// Changes or removes one object, as `change` decides while nobody else can. Answers with the object as it is
    /// afterwards, or as it was last.
    pub(crate) fn change(
        &self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
        change: impl FnOnce(&Value) -> Result<Change, Failure>,
    ) -> Result<Arc<Value>, Failure> {
        let mut inner = self.write();
        let key = key(namespace, name);
        let old = inner
            .get(resource, &key)
            .cloned()
            .ok_or_else(|| Failure::not_found(resource, name))?;
        match change(&old)? {
            Change::Keep => Ok(old),
            Change::Put(mut object) => {
                inner.version += 1;
                object["metadata"]["resourceVersion"] = json!(inner.version.to_string());
                let object = Arc::new(object);
                inner.of(resource).insert(key, Arc::clone(&object));
                self.tell(&mut inner, "MODIFIED", resource, &object);
                Ok(object)
            }
            Change::Remove => {
                self.remove(&mut inner, resource, &key);
                Ok(old)
            }
            Change::RemoveAs(last) => {
                self.remove(&mut inner, resource, &key);
                Ok(Arc::new(last))
            }
        }
    }

    /// Up to `limit` objects after `after`, in the order of namespace and name, that `matches` accepts.
    pub(crate) fn list(
        &self,
        resource: &'static Resource,
        namespace: Option<&str>,
        after: Option<&Key>,
        limit: usize,
        matches: impl Fn(&Value) -> bool,
    ) -> Page {
        let inner = self.read();
        let mut page = Page {
            items: Vec::new(),
            next: None,
            version: inner.version,
        };
        let Some(objects) = inner.objects.get(&(resource.group, resource.name)) else {
            return page;
        };
        let first = namespace.map(|namespace| key(namespace, ""));
        let start = match (after, &first) {
            (Some(after), Some(first)) if after < first => Bound::Included(first),
            (Some(after), _) => Bound::Excluded(after),
            (None, Some(first)) => Bound::Included(first),
            (None, None) => Bound::Unbounded,
        };
        let mut last: Option<&Key> = None;
        for (key, object) in objects.range::<Key, _>((start, Bound::Unbounded)) {
            if namespace.is_some_and(|namespace| namespace != key.0) {
                break;
            }
            if !matches(object) {
                continue;
            }
            if page.items.len() == limit {
                page.next = last.cloned();
                break;
            }
            page.items.push(Arc::clone(object));
            last = Some(key);
        }
        page
    }

    /// The events after `version` that are remembered, and a receiver of all that follow. `None` if some have
    /// already been forgotten.
    pub(crate) fn watch(&self, version: u64) -> Option<(Vec<Event>, broadcast::Receiver<Event>)> {
        // Nobody writes while this is held, so no event falls between the two.
        let inner = self.read();
        let forgotten = inner
            .log
            .front()
            .map_or(inner.version, |oldest| oldest.version - 1);
        if version < forgotten {
            return None;
        }
        let missed = inner
            .log
            .iter()
            .filter(|event| event.version > version)
            .cloned()
            .collect();
        Some((missed, self.events.subscribe()))
    }

    fn remove(&self, inner: &mut Inner, resource: &'static Resource, key: &Key) {
        if let Some(object) = inner.of(resource).remove(key) {
            inner.version += 1;
            inner.count -= 1;
            self.tell(inner, "DELETED", resource, &object);
        }
        if resource.name == "namespaces" {
            self.empty(inner, &key.1);
        }
    }

    /// Removes everything in a namespace.
    fn empty(&self, inner: &mut Inner, namespace: &str) {
        for resource in catalogue::CATALOGUE.iter().filter(|known| known.namespaced) {
            let keys: Vec<Key> = inner
                .of(resource)
                .range::<Key, _>((Bound::Included(key(namespace, "")), Bound::Unbounded))
                .map(|(key, _)| key.clone())
                .take_while(|key| key.0 == namespace)
                .collect();
            for key in keys {
                self.remove(inner, resource, &key);
            }
        }
    }

    fn tell(
        &self,
        inner: &mut Inner,
        action: &'static str,
        resource: &'static Resource,
        object: &Arc<Value>,
    ) {
        let event = Event {
            version: inner.version,
            action,
            resource,
            object: Arc::clone(object),
        };
        if inner.log.len() == REMEMBERED {
            inner.log.pop_front();
        }
        inner.log.push_back(event.clone());
        // An error only says that nobody watches.
        let _ = self.events.send(event);
    }
}

impl Inner {
    fn of(&mut self, resource: &'static Resource) -> &mut BTreeMap<Key, Arc<Value>> {
        self.objects
            .entry((resource.group, resource.name))
            .or_default()
    }

    fn get(&self, resource: &'static Resource, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(&(resource.group, resource.name))?.get(key)
    }
}

fn key(namespace: &str, name: &str) -> Key {
    (namespace.to_owned(), name.to_owned())
}
