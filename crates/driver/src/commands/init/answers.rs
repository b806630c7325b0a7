//! Questions on a terminal.

use std::io::{BufRead, Write};

use super::skeleton::Skeleton;

/// Asks for what the skeleton needs; empty answers leave things out.
pub(super) fn ask(skeleton: &mut Skeleton) -> std::io::Result<()> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stderr().lock());
    ask_from(skeleton, &mut input, &mut output)
}

fn ask_from(
    skeleton: &mut Skeleton,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> std::io::Result<()> {
    skeleton.title = line(input, output, "Title of the review: ")?;
    writeln!(
        output,
        "Trials, one per line, for example Wirth 2021 (empty line to end; none gives the worked example):"
    )?;
    loop {
        let trial = line(input, output, "  ")?;
        if trial.is_empty() {
            break;
        }
        skeleton.trials.push(trial);
    }
    if skeleton.trials.is_empty() {
        return Ok(());
    }
    let two_arms = line(input, output, "Do the trials compare two arms? [y/N] ")?;
    skeleton.two_arms = two_arms.to_lowercase().starts_with('y');
    let words = |answer: String| {
        answer.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    skeleton.outcomes =
        words(line(input, output, "Outcomes that are counted, for example orr dcr (empty for none): ")?);
    skeleton.endpoints =
        words(line(input, output, "Endpoints with survival figures, for example os pfs (empty for none): ")?);
    Ok(())
}

fn line(input: &mut impl BufRead, output: &mut impl Write, question: &str) -> std::io::Result<String> {
    write!(output, "{question}")?;
    output.flush()?;
    let mut answer = String::new();
    input.read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmeta_trial_data::TimeUnit;

    #[test]
    fn answers_fill_the_skeleton() {
        let mut skeleton = Skeleton::empty(TimeUnit::Months);
        let mut answers = "My review\nWirth 2021\nTahara 2017\n\ny\norr, dcr\nos\n".as_bytes();
        ask_from(&mut skeleton, &mut answers, &mut Vec::new()).unwrap();
        assert_eq!((skeleton.trials.len(), skeleton.two_arms), (2, true));
        assert_eq!(
            (skeleton.outcomes, skeleton.endpoints),
            (vec!["orr".to_owned(), "dcr".to_owned()], vec!["os".to_owned()])
        );
    }

    #[test]
    fn an_end_of_input_ends_the_questions() {
        let mut skeleton = Skeleton::empty(TimeUnit::Months);
        ask_from(&mut skeleton, &mut "".as_bytes(), &mut Vec::new()).unwrap();
        assert!(skeleton.trials.is_empty());
    }
}
