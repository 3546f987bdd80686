//! Applies overlay documents, strictly.
//!
//! The Overlay Specification lets an action that matches nothing pass in silence.
//! Here it is an error that names the action, because it means that the upstream document has
//! moved.
//! Actions are applied one at a time through the overlay library, so that the error can say which
//! one stopped.

use anyhow::{Context as _, Result, bail};
use enumset::EnumSet;
use roas_overlay::apply::{Apply as _, ApplyOptions};
use roas_overlay::v1_1::{Action, Overlay};
use roas_overlay::validation::Validate as _;
use serde_json::{Map, Value};

use super::evidence;

/// What an overlay must say about each of its actions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// The overlay states facts: each action lists its sources under `x-evidence`.
    Required,
    /// The overlay states no facts.
    NotNeeded,
}

/// Applies the overlay in `overlay` (read from the file `path`) to `document`.
pub(crate) fn apply(
    document: &mut Value,
    overlay: &Value,
    path: &str,
    evidence: Evidence,
) -> Result<()> {
    refuse_unknown_members(overlay, path)?;
    let overlay: Overlay = serde_json::from_value(overlay.clone())
        .with_context(|| format!("{path} is not an Overlay 1.1 document"))?;
    overlay
        .validate(EnumSet::empty())
        .map_err(|error| anyhow::anyhow!("{path} is not valid: {error}"))?;
    for (index, action) in overlay.actions.iter().enumerate() {
        let name = describe(path, index, action);
        refuse_bare(action, evidence).with_context(|| name.clone())?;
        // One action at a time: the library reports an index, and the name belongs to the same
        // loop.
        let single = Overlay {
            actions: vec![action.clone()],
            ..overlay.clone()
        };
        let strict = ApplyOptions::ErrorOnZeroMatch | ApplyOptions::ErrorOnMixedKindMatch;
        if let Err(error) = single.apply(document, strict) {
            bail!(
                "{name} does not apply: {}.\n  target: {}\n  \
                 The document it was written for has changed; look at the change, then change or remove the action.",
                error.kind,
                action.target,
            );
        }
    }
    Ok(())
}

fn describe(path: &str, index: usize, action: &Action) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let words = action
        .description
        .as_deref()
        .unwrap_or("without a description");
    format!("{file}, action {} ({words})", index + 1)
}

fn refuse_bare(action: &Action, evidence: Evidence) -> Result<()> {
    if action
        .description
        .as_deref()
        .is_none_or(|text| text.trim().is_empty())
    {
        bail!("every action says what it does, in `description`");
    }
    if evidence == Evidence::NotNeeded {
        return Ok(());
    }
    let listed = action
        .extensions
        .as_ref()
        .and_then(|extensions| extensions.get("x-evidence"));
    if !evidence::is_listed(listed) {
        bail!("every correction lists the sources that say so, in `x-evidence`");
    }
    Ok(())
}

/// Fails for a misspelt member, which the overlay library would drop in silence.
fn refuse_unknown_members(overlay: &Value, path: &str) -> Result<()> {
    const ROOT: [&str; 4] = ["overlay", "info", "extends", "actions"];
    const ACTION: [&str; 5] = ["target", "description", "update", "copy", "remove"];
    let unknown = |object: &Map<String, Value>, known: &[&str]| {
        object
            .keys()
            .find(|key| !known.contains(&key.as_str()) && !key.starts_with("x-"))
            .cloned()
    };
    let root = overlay
        .as_object()
        .with_context(|| format!("{path} is not an Overlay 1.1 document"))?;
    if let Some(key) = unknown(root, &ROOT) {
        bail!("{path}: `{key}` is not a member of an overlay");
    }
    let actions = overlay
        .get("actions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for (index, action) in actions.enumerate() {
        if let Some(key) = action
            .as_object()
            .and_then(|object| unknown(object, &ACTION))
        {
            bail!(
                "{path}, action {}: `{key}` is not a member of an action",
                index + 1
            );
        }
    }
    Ok(())
}
