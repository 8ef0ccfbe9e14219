//! The admin zone of DC/OS: the parameter `AdminLocation` of its CloudFormation template, one IPv4 prefix.

use serde_json::Value;

const PARAMETER: &str = "AdminLocation";

/// The list of a template, whose `Default` counts, or of a parameters file.
pub(super) fn list(text: &[u8]) -> Result<String, String> {
    let json: Value = serde_json::from_slice(text).map_err(|error| {
        format!(
            "it is no JSON ({error}); a template of DC/OS and a parameters file of the AWS command line are"
        )
    })?;
    let (place, prefix) = of_parameters(&json).or_else(|| of_template(&json)).ok_or_else(|| {
        format!(
            "there is no {PARAMETER} in it, neither as `Parameters.{PARAMETER}.Default` nor as a `ParameterKey`"
        )
    })?;
    if !is_location(prefix) {
        return Err(format!(
            "{place} is `{prefix}`, and DC/OS takes one IPv4 prefix of 9 to 18 characters, such as 203.0.113.0/24"
        ));
    }
    Ok(format!("# {PARAMETER} of DC/OS: who reaches ports 22, 80, 443 and 12379\n{prefix}:{PARAMETER}\n"))
}

/// `[{"ParameterKey": "AdminLocation", "ParameterValue": "…"}]`.
fn of_parameters(json: &Value) -> Option<(&'static str, &str)> {
    let mut parameters = json.as_array()?.iter();
    let parameter = parameters.find(|parameter| parameter["ParameterKey"] == PARAMETER)?;
    Some(("ParameterValue", parameter["ParameterValue"].as_str()?))
}

/// `{"Parameters": {"AdminLocation": {"Default": "…"}}}`.
fn of_template(json: &Value) -> Option<(&'static str, &str)> {
    Some(("its Default", json["Parameters"][PARAMETER]["Default"].as_str()?))
}

/// Whether it is what the template's own pattern takes: `^([0-9]+\.){3}[0-9]+\/[0-9]+$`, 9 to 18 characters.
fn is_location(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((address, length)) = text.split_once('/') else { return false };
    let parts: Vec<&str> = address.split('.').collect();
    (9..=18).contains(&text.len())
        && parts.len() == 4
        && parts.into_iter().all(is_number)
        && is_number(length)
}
