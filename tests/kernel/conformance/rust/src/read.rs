//! Recorded messages, each a line `{"header": ..., "parent_header": ..., "metadata": ..., "content": ...}` as it was sent,
//! read by both versions of the library.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};

use serde_json::Value;

/// So many of the refused messages are shown.
const SHOWN: usize = 20;

/// Reads all messages of the files. False if one is refused, or if there is none.
pub fn read(files: &[String]) -> bool {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut refused: Vec<String> = Vec::new();
    for file in files {
        let lines =
            BufReader::new(File::open(file).unwrap_or_else(|error| panic!("{file}: {error}")))
                .lines();
        for line in lines {
            let line = line.unwrap_or_else(|error| panic!("{file} is no UTF-8: {error}"));
            let reading = read_line(&line);
            let kind = reading
                .as_ref()
                .map_or("refused", |kind| kind.as_str())
                .to_string();
            *counts.entry(kind).or_default() += 1;
            if let Err(reason) = reading {
                refused.push(format!(
                    "{reason}\n  {}",
                    line.chars().take(600).collect::<String>()
                ));
            }
        }
    }
    let total: usize = counts.values().sum();
    for (kind, count) in &counts {
        println!("{count:>8}  {kind}");
    }
    for message in refused.iter().take(SHOWN) {
        println!("{message}");
    }
    println!(
        "{total} messages of the kernel read, {} refused",
        refused.len()
    );
    total > 0 && refused.is_empty()
}

/// The type of the message, or why it is refused.
fn read_line(line: &str) -> Result<String, String> {
    let message: Value = serde_json::from_str(line).map_err(|error| format!("no JSON: {error}"))?;
    let newest = jupyter_protocol::JupyterMessage::from_value(message.clone());
    let newest = newest.map_err(|error| format!("refused by jupyter-protocol 2: {error:?}"))?;
    let before = jupyter_protocol_1::JupyterMessage::from_value(message.clone());
    before.map_err(|error| format!("refused by jupyter-protocol 1: {error:?}"))?;
    if newest.header.date.timestamp() == 0 {
        return Err(format!(
            "its date is not read: {}",
            message["header"]["date"]
        ));
    }
    if message["parent_header"]
        .as_object()
        .is_some_and(|parent| !parent.is_empty())
        && newest.parent_header.is_none()
    {
        return Err("its parent's header is not read".to_string());
    }
    for part in ["metadata", "content"] {
        if !message[part].is_object() {
            return Err(format!("its {part} is no object"));
        }
    }
    Ok(match newest.content {
        jupyter_protocol::JupyterMessageContent::UnknownMessage(_) => {
            format!("{} (unknown to the library)", newest.header.msg_type)
        }
        _ => newest.header.msg_type,
    })
}
