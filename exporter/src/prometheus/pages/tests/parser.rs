//! A strict reader of both text formats, for tests: it takes what the grammars
//! allow, of the ways to write it the one of these pages, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::parser_rules::{check_family, check_names, suffixes};

#[derive(Debug, PartialEq)]
pub(super) struct ParsedFamily {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) unit: String,
    pub(super) help: String,
    pub(super) samples: Vec<Sample>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
    pub(super) exemplar: Option<f64>,
}

/// The families of a page, or what is wrong with it.
pub(super) fn parse(page: &str, is_open_metrics: bool) -> Result<Vec<ParsedFamily>, String> {
    let mut lines: Vec<&str> = page.split('\n').collect();
    if lines.pop() != Some("") {
        return Err("the last line does not end".to_owned());
    }
    if is_open_metrics && lines.pop() != Some("# EOF") {
        return Err("no # EOF".to_owned());
    }
    let mut families: Vec<ParsedFamily> = Vec::new();
    let mut said = BTreeSet::new();
    for line in lines {
        parse_line(line, is_open_metrics, &mut families, &mut said)
            .map_err(|error| format!("{error}: {line:?}"))?;
    }
    check_names(&families, is_open_metrics)?;
    let mut series = BTreeSet::new();
    for family in &families {
        check_family(family, is_open_metrics).map_err(|error| format!("{error}: {family:?}"))?;
        for sample in &family.samples {
            if !series.insert((&sample.name, &sample.labels)) {
                return Err(format!("twice: {sample:?}"));
            }
        }
    }
    Ok(families)
}

fn parse_line(
    line: &str,
    is_open_metrics: bool,
    families: &mut Vec<ParsedFamily>,
    said: &mut BTreeSet<(String, String)>,
) -> Result<(), String> {
    let Some(comment) = line.strip_prefix("# ") else {
        let sample = sample(line, is_open_metrics)?;
        let family = families.last_mut().ok_or("a sample before a TYPE")?;
        let suffix = sample
            .name
            .strip_prefix(&*family.name)
            .ok_or("not of this family")?;
        if !suffixes(&family.kind, is_open_metrics).contains(&suffix) {
            return Err(format!("no sample of a {}", family.kind));
        }
        family.samples.push(sample);
        return Ok(());
    };
    let (keyword, rest) = comment.split_once(' ').ok_or("a bare comment")?;
    let (name, rest) = name(rest, true)?;
    let text = rest.strip_prefix(' ').ok_or("no space behind the name")?;
    if !said.insert((keyword.to_owned(), name.clone())) {
        return Err(format!("a second {keyword}"));
    }
    if keyword == "TYPE" {
        let types: &[&str] = if is_open_metrics {
            &["counter", "gauge", "histogram", "info", "unknown"]
        } else {
            &["counter", "gauge", "histogram"]
        };
        if !types.contains(&text) {
            return Err("an unknown type".to_owned());
        }
        families.push(ParsedFamily {
            name,
            kind: text.to_owned(),
            unit: String::new(),
            help: String::new(),
            samples: Vec::new(),
        });
        return Ok(());
    }
    let family = families.last_mut().ok_or("a comment before a TYPE")?;
    if family.name != name || !family.samples.is_empty() {
        return Err("a comment in the wrong place".to_owned());
    }
    match keyword {
        "UNIT" if is_open_metrics => text.clone_into(&mut family.unit),
        "HELP" => family.help = unescaped(text, is_open_metrics)?,
        _ => return Err("an unknown comment".to_owned()),
    }
    Ok(())
}

fn sample(line: &str, is_open_metrics: bool) -> Result<Sample, String> {
    let (name, rest) = if let Some(inside) = line.strip_prefix('{') {
        let (name, rest) = name(inside, true)?;
        if is_plain(&name, true) {
            return Err("quoted in vain".to_owned());
        }
        (
            name,
            rest.strip_prefix(',').ok_or("nothing behind the name")?,
        )
    } else {
        let (name, rest) = name(line, false)?;
        (name, rest.strip_prefix('{').ok_or("no labels")?)
    };
    let (labels, rest) = labels(rest)?;
    let rest = rest.strip_prefix(' ').ok_or("no space before the value")?;
    let (value, exemplar) = match rest.split_once(" # {") {
        Some((value, rest)) if is_open_metrics => {
            let has_exemplars = name.ends_with("_total") || name.ends_with("_bucket");
            if !has_exemplars {
                return Err("an exemplar where none may be".to_owned());
            }
            (value, Some(exemplar(rest, labels.get("le"))?))
        }
        _ => (rest, None),
    };
    let value = number(value, is_open_metrics).ok_or("no number")?;
    Ok(Sample {
        name,
        labels,
        value,
        exemplar,
    })
}

/// Labels up to the brace that ends them, and what is behind it.
fn labels(mut rest: &str) -> Result<(BTreeMap<String, String>, &str), String> {
    let mut labels = BTreeMap::new();
    loop {
        if let Some(rest) = rest.strip_prefix('}') {
            return Ok((labels, rest));
        }
        let (label, after) = label(rest)?;
        let after = after.strip_prefix("=\"").ok_or("no value")?;
        let end = end_of_string(after).ok_or("an open string")?;
        let value = unescaped(&after[..end], true)?;
        if labels.insert(label, value).is_some() {
            return Err("a label twice".to_owned());
        }
        rest = &after[end + 1..];
        match rest.strip_prefix(',') {
            Some(more) if !more.starts_with('}') => rest = more,
            Some(_) => return Err("a last comma".to_owned()),
            None if rest.starts_with('}') => {}
            None => return Err("no comma".to_owned()),
        }
    }
}

/// An exemplar from its labels on: its value.
fn exemplar(text: &str, le: Option<&String>) -> Result<f64, String> {
    let (labels, rest) = labels(text)?;
    let chars = labels
        .iter()
        .map(|(k, v)| k.chars().count() + v.chars().count());
    if chars.sum::<usize>() > 128 {
        return Err("an exemplar of too many characters".to_owned());
    }
    let rest = rest.strip_prefix(' ').ok_or("no space before the value")?;
    let (value, time) = rest.split_once(' ').ok_or("no time")?;
    number(time, true).ok_or("no time")?;
    let value = number(value, true).ok_or("no value of an exemplar")?;
    let le = le.map(|le| number(le, true).ok_or("no le")).transpose()?;
    if le.is_some_and(|le| value > le) {
        return Err("an exemplar above its bucket".to_owned());
    }
    Ok(value)
}

fn name(text: &str, may_be_quoted: bool) -> Result<(String, &str), String> {
    if let Some(inside) = text.strip_prefix('"').filter(|_| may_be_quoted) {
        let end = end_of_string(inside).ok_or("an open name")?;
        return Ok((unescaped(&inside[..end], true)?, &inside[end + 1..]));
    }
    let end = text.find(['{', ' ']).unwrap_or(text.len());
    if !is_plain(&text[..end], true) {
        return Err("no name".to_owned());
    }
    Ok((text[..end].to_owned(), &text[end..]))
}

fn label(text: &str) -> Result<(String, &str), String> {
    if let Some(inside) = text.strip_prefix('"') {
        let end = end_of_string(inside).ok_or("an open label")?;
        return Ok((unescaped(&inside[..end], true)?, &inside[end + 1..]));
    }
    let end = text.find('=').ok_or("a label alone")?;
    if !is_plain(&text[..end], false) {
        return Err("no label".to_owned());
    }
    Ok((text[..end].to_owned(), &text[end..]))
}

fn is_plain(name: &str, may_have_colons: bool) -> bool {
    let may_start =
        |char: char| char.is_ascii_alphabetic() || char == '_' || (may_have_colons && char == ':');
    name.starts_with(may_start)
        && name
            .chars()
            .all(|char| may_start(char) || char.is_ascii_digit())
}

fn end_of_string(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    })
}

fn unescaped(text: &str, has_quotes: bool) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some('\\') => out.push('\\'),
                Some('n') => out.push('\n'),
                Some('"') if has_quotes => out.push('"'),
                other => return Err(format!("\\ before {other:?}")),
            },
            '"' if has_quotes => return Err("a bare quote".to_owned()),
            other => out.push(other),
        }
    }
    Ok(out)
}

/// The realnumber of the `OpenMetrics` grammar, or what is none.
fn number(text: &str, is_open_metrics: bool) -> Option<f64> {
    if matches!(text, "NaN" | "+Inf" | "-Inf") {
        return text.parse().ok();
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((digits, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let is_valid = is_number(whole) && is_number(decimals) && is_number(exponent);
    (is_valid || !is_open_metrics)
        .then(|| text.parse().ok())
        .flatten()
}
