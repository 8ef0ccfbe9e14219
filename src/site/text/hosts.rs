//! `hosts`: which app is asked for under which host.

use std::collections::BTreeMap;
use std::path::Path;

use super::problem::Problem;
use crate::site::host::Host;
use crate::site::name::AppName;

/// What begins a text in some editors.
const MARK: char = '\u{feff}';

/// The app of each host. Everything that is wrong is told.
pub(crate) fn parse(path: &Path, text: &str) -> Result<BTreeMap<Host, AppName>, Vec<Problem>> {
    let mut hosts: BTreeMap<Host, (AppName, usize)> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut offset = text.len() - text.trim_start_matches(MARK).len();
    for (line, number) in text.get(offset..).unwrap_or_default().split_inclusive('\n').zip(1..) {
        match entry(line) {
            Ok(None) => {}
            Ok(Some((host, app))) => match hosts.get(&host) {
                Some((other, before)) if *other != app => {
                    let message = format!(
                        "{host} is of the app {other} on line {before} and of {app} here; remove one of the two lines"
                    );
                    problems.push(Problem::new(path, message).at(text, offset));
                }
                _ => drop(hosts.insert(host, (app, number))),
            },
            Err(message) => problems.push(Problem::new(path, message).at(text, offset)),
        }
        offset += line.len();
    }
    let apps = hosts.into_iter().map(|(host, (app, _))| (host, app)).collect();
    if problems.is_empty() { Ok(apps) } else { Err(problems) }
}

/// The host and the app of a line; nothing where there is but a comment.
fn entry(line: &str) -> Result<Option<(Host, AppName)>, String> {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let comment = line
        .match_indices('#')
        .map(|(at, _)| at)
        .find(|at| line.get(..*at).is_none_or(|before| before.is_empty() || before.ends_with([' ', '\t'])));
    let said = line.get(..comment.unwrap_or(line.len())).unwrap_or_default().trim_matches([' ', '\t']);
    if said.is_empty() {
        return Ok(None);
    }
    let Some((host, app)) = said.split_once([' ', '\t']) else {
        return Err(format!("the app is missing behind `{said}`; write a line as: shop.example.com shop"));
    };
    let app = app.trim_start_matches([' ', '\t']);
    let host = Host::new(host).map_err(|error| error.to_string())?;
    let app = AppName::new(app).map_err(|error| error.to_string())?;
    Ok(Some((host, app)))
}
