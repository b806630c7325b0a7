//! A project file of one's own trials, with the numbers left to type.

use kmeta_trial_data::TimeUnit;

use crate::import::names::{identifier, quoted, title, unique};

/// What the person said.
#[derive(Debug, Clone)]
pub(super) struct Skeleton {
    /// Title; a placeholder is written for an empty one.
    pub(super) title: String,
    /// Unit of every time.
    pub(super) time_unit: TimeUnit,
    /// Names of the trials.
    pub(super) trials: Vec<String>,
    /// Outcomes that are counted.
    pub(super) outcomes: Vec<String>,
    /// Endpoints with survival figures.
    pub(super) endpoints: Vec<String>,
    /// Whether the trials compare two arms.
    pub(super) two_arms: bool,
    /// Pictures that are there, relative to the folder.
    pub(super) pictures: Vec<String>,
}

/// A picture with the trial and endpoint that its name says.
struct Picture<'a> {
    file: &'a str,
    trial: String,
    endpoint: String,
}

/// Endpoints that are known by their names in file names.
const ENDPOINTS: [&str; 12] =
    ["os", "pfs", "dfs", "efs", "rfs", "ttp", "dor", "css", "dss", "mfs", "lrfs", "ttf"];

impl Skeleton {
    /// Nothing said yet.
    #[cfg(test)]
    pub(super) fn empty(time_unit: TimeUnit) -> Self {
        let none = Vec::new;
        Self {
            title: String::new(),
            time_unit,
            trials: none(),
            outcomes: none(),
            endpoints: none(),
            two_arms: false,
            pictures: none(),
        }
    }

    /// The project file.
    pub(super) fn to_toml(&self) -> String {
        let pictures: Vec<Picture<'_>> = self.pictures.iter().map(|file| self.picture(file)).collect();
        let trials = self.trial_names(&pictures);
        let endpoints = self.all_endpoints(&pictures);
        let heading = if self.title.is_empty() { "Title of your review" } else { &self.title };
        let mut text = format!(
            "# A kmeta project. Fill in the numbers, remove the `#` before them, and run\n#\n#     kmeta doctor study.toml\n#     \
             kmeta run study.toml\n#\n# `kmeta schema` documents every field; `kmeta init DIR --example` writes a worked example.\n\n\
             title = {}\ntime_unit = \"{}\"\n",
            quoted(heading),
            self.time_unit
        );
        for (id, label) in &trials {
            text.push_str(&self.trial(id, label, &endpoints));
        }
        text.push_str(&self.figures(&trials, &pictures));
        text.push_str(&self.analyses(&endpoints));
        text
    }

    /// Reads "figures/wirth2021-os.png" as trial and endpoint; a name without a known endpoint is a trial's as a whole.
    fn picture<'a>(&self, file: &'a str) -> Picture<'a> {
        let name = file.rsplit('/').next().unwrap_or(file);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let first = self.endpoints.first().map_or("os", String::as_str);
        let parts = stem.rsplit_once(['-', '_', ' ']);
        let is_endpoint = |word: &str| {
            let word = word.to_lowercase();
            ENDPOINTS.contains(&word.as_str()) || self.endpoints.contains(&word)
        };
        match parts.filter(|(_, last)| is_endpoint(last)) {
            Some((trial, endpoint)) => {
                Picture { file, trial: identifier(trial, "trial"), endpoint: endpoint.to_lowercase() }
            }
            None => Picture { file, trial: identifier(stem, "trial"), endpoint: first.to_owned() },
        }
    }

    /// Ids and names of the trials: those that were named, then those of pictures.
    fn trial_names(&self, pictures: &[Picture<'_>]) -> Vec<(String, String)> {
        let mut trials: Vec<(String, String)> = Vec::new();
        for label in &self.trials {
            let id = unique(identifier(label, "trial"), |id| trials.iter().any(|(known, _)| known == id));
            trials.push((id, label.clone()));
        }
        for picture in pictures {
            if !trials.iter().any(|(id, _)| *id == picture.trial) {
                trials.push((picture.trial.clone(), label_of(&picture.trial)));
            }
        }
        trials
    }

    fn trial(&self, id: &str, label: &str, endpoints: &[String]) -> String {
        let mut text = format!("\n[[trial]]\nid = \"{id}\"\nlabel = {}\n", quoted(label));
        let year: String = label.chars().filter(char::is_ascii_digit).collect();
        text.push_str(&if year.len() == 4 {
            format!("year = {year}\n")
        } else {
            "# year = 2021\n".to_owned()
        });
        text.push_str("# source = \"Authors. Title. Journal 2021;39:2359-2366.\"\n");
        if self.two_arms {
            text.push_str("# hazard_ratios = { os = { value = 0.75, lower = 0.60, upper = 0.94 } }\nreference_arm = \"control\"\n");
            for (arm, name) in [("treatment", "Treatment"), ("control", "Control")] {
                text.push_str(&format!("[[trial.arm]]\nid = \"{arm}\"\nlabel = \"{name}\"\n"));
                text.push_str(&self.facts(endpoints));
            }
        } else {
            text.push_str(&self.facts(endpoints));
        }
        text
    }

    /// The numbers of an arm, to be filled in.
    fn facts(&self, endpoints: &[String]) -> String {
        let mut text = String::from("# n = 34                              # patients\n");
        if !self.outcomes.is_empty() {
            let counts: Vec<String> = self
                .outcomes
                .iter()
                .map(|outcome| format!("{} = [1, 34]", identifier(outcome, "outcome")))
                .collect();
            text.push_str(&format!(
                "# responses = {{ {} }}   # [with the outcome, assessed]\n",
                counts.join(", ")
            ));
        }
        for endpoint in endpoints {
            text.push_str(&format!(
                "# medians = {{ {endpoint} = {{ value = 3.2, lower = 2.8, upper = 8.2 }} }}   # as printed\n"
            ));
        }
        text
    }

    fn figures(&self, trials: &[(String, String)], pictures: &[Picture<'_>]) -> String {
        let mut text = String::new();
        for picture in pictures {
            text.push_str(&format!(
                "\n[[figure]]\nfile = {}\ntrial = \"{}\"\nendpoint = \"{}\"\n",
                quoted(picture.file),
                picture.trial,
                picture.endpoint
            ));
            if self.two_arms {
                text.push_str("arms = { \"1\" = \"treatment\", \"2\" = \"control\" }   # curves counted from the highest down\n");
            }
        }
        if pictures.is_empty() {
            for (id, _) in trials {
                for endpoint in &self.endpoints {
                    let endpoint = identifier(endpoint, "os");
                    text.push_str(&format!(
                        "\n# [[figure]]\n# file = \"figures/{id}-{endpoint}.png\"\n# trial = \"{id}\"\n# endpoint = \"{endpoint}\"\n"
                    ));
                }
            }
        }
        text
    }

    /// The endpoints that were named, then those of pictures.
    fn all_endpoints(&self, pictures: &[Picture<'_>]) -> Vec<String> {
        let mut endpoints: Vec<String> =
            self.endpoints.iter().map(|endpoint| identifier(endpoint, "os")).collect();
        for picture in pictures {
            if !endpoints.contains(&picture.endpoint) {
                endpoints.push(picture.endpoint.clone());
            }
        }
        endpoints
    }

    fn analyses(&self, endpoints: &[String]) -> String {
        let mut text = String::new();
        for outcome in &self.outcomes {
            let kind = if self.two_arms { "two-arm-counts" } else { "proportion" };
            let name = identifier(outcome, "outcome");
            text.push_str(&format!(
                "\n[[analysis]]\nkind = \"{kind}\"\nid = \"{name}\"\ntitle = {}\noutcome = \"{name}\"\n",
                quoted(&title(outcome))
            ));
        }
        for endpoint in endpoints {
            let title = quoted(&title(endpoint));
            text.push_str(&if self.two_arms {
                format!("\n[[analysis]]\nkind = \"hazard-ratio\"\nid = \"{endpoint}\"\ntitle = {title}\nendpoint = \"{endpoint}\"\nsource = \"reconstructed\"           # or \"printed\"\n")
            } else {
                format!("\n[[analysis]]\nkind = \"survival\"\nid = \"{endpoint}\"\ntitle = {title}\nendpoint = \"{endpoint}\"\ntimes = [3, 6, 9, 12]               # fix these in the protocol\n")
            });
        }
        text
    }
}

/// A name to print from an id: "wirth2021" gives "Wirth 2021".
fn label_of(id: &str) -> String {
    let digits = id.len() - id.trim_end_matches(|character: char| character.is_ascii_digit()).len();
    let (name, number) = id.split_at(id.len() - digits);
    let name = name.trim_end_matches(['-', '_']).replace(['-', '_'], " ");
    let mut label = name;
    if let Some(first) = label.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    if digits == 4 { format!("{label} {number}") } else { format!("{label}{number}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_name_their_trials_and_endpoints() {
        let mut skeleton = Skeleton::empty(TimeUnit::Months);
        skeleton.pictures = ["figures/wirth2021-os.png", "figures/wirth2021_PFS.png", "Figure 2.pdf"]
            .map(str::to_owned)
            .to_vec();
        let text = skeleton.to_toml();
        assert_eq!(text.matches("[[trial]]").count(), 2);
        assert!(text.contains("label = \"Wirth 2021\"\nyear = 2021"));
        assert!(text.contains("trial = \"wirth2021\"\nendpoint = \"pfs\""));
        assert_eq!(text.matches("[[analysis]]").count(), 2);
        toml::from_str::<toml::Table>(&text).unwrap();
    }
}
