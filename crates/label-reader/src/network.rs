//! The embedded network: lines of text in, probabilities of characters along the line out.

use std::collections::BTreeMap;
use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

use crate::LabelReaderError;
use crate::prepare::{LINE_HEIGHT, Line};

static MODEL: &[u8] = include_bytes!("../model/label_recognizer.onnx");
static CHARACTERS: &str = include_str!("../model/characters.txt");

/// Short lines are padded to this width: the network needs some context around a single digit, and accuracy does not
/// gain from more.
const MINIMUM_WIDTH: u32 = 48;

/// Widths are rounded up to this step, so that crops of similar length run together.
const WIDTH_STEP: u32 = 8;

/// Most pixels of width that run together; bounds the memory of one call.
const BATCH_WIDTH: u32 = 1600;

/// Probabilities of one line: for each step along it, one value per class (blank first).
pub(crate) type Steps = Vec<Vec<f32>>;

/// The characters of the classes after the blank, in order.
pub(crate) fn characters() -> Vec<char> {
    CHARACTERS.split('\n').filter_map(|line| line.chars().next()).collect()
}

/// The loaded network.
pub(crate) struct Network {
    model: Model,
    input: NodeId,
    output: NodeId,
    classes: usize,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").field("classes", &self.classes).finish_non_exhaustive()
    }
}

impl Network {
    /// Loads the embedded network, which must have one class per character and the blank.
    pub(crate) fn load(characters: usize) -> Result<Self, LabelReaderError> {
        let model =
            ModelOptions::with_all_ops().prepack_weights(true).load_static_slice(MODEL).map_err(failed)?;
        let (&[input], &[output]) = (model.input_ids(), model.output_ids()) else {
            return Err(LabelReaderError::Model("expected one input and one output".into()));
        };
        Ok(Self { model, input, output, classes: characters + 1 })
    }

    /// Probabilities for each line, in order; `None` stays `None`.
    ///
    /// The work runs on one thread of its own. A rayon worker that calls this waits without picking up other tasks:
    /// the digitizer works on one figure per worker, and a worker that started a second figure while it waits would
    /// hold both in memory.
    pub(crate) fn run(&self, lines: &[Option<Line>]) -> Result<Vec<Option<Steps>>, LabelReaderError> {
        if lines.iter().all(Option::is_none) {
            return Ok(lines.iter().map(|_| None).collect());
        }
        std::thread::scope(|scope| {
            scope
                .spawn(|| self.run_here(lines))
                .join()
                .map_err(|_| LabelReaderError::Model("the recognition thread stopped".into()))?
        })
    }

    fn run_here(&self, lines: &[Option<Line>]) -> Result<Vec<Option<Steps>>, LabelReaderError> {
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        let mut results: Vec<Option<Steps>> = lines.iter().map(|_| None).collect();
        for (width, members) in group_by_width(lines) {
            for batch in members.chunks((BATCH_WIDTH / width).max(1) as usize) {
                for ((index, _), steps) in batch.iter().zip(self.run_batch(width, batch, &pool)?) {
                    results[*index] = Some(steps);
                }
            }
        }
        Ok(results)
    }

    fn run_batch(
        &self,
        width: u32,
        batch: &[(usize, &Line)],
        pool: &Arc<ThreadPool>,
    ) -> Result<Vec<Steps>, LabelReaderError> {
        let input = input_tensor(width, batch);
        let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
        let [output] = self
            .model
            .run_n(vec![(self.input, input.view().into())], [self.output], Some(options))
            .map_err(failed)?;
        let output: NdTensor<f32, 3> = output.try_into().map_err(failed)?;
        if output.size(0) != batch.len() || output.size(2) != self.classes {
            let found = output.shape();
            return Err(LabelReaderError::Model(format!(
                "output of shape {found:?}, {} classes expected",
                self.classes
            )));
        }
        Ok((0..batch.len()).map(|item| steps_of(output.slice(item))).collect())
    }
}

fn failed(error: impl std::fmt::Display) -> LabelReaderError {
    LabelReaderError::Model(error.to_string())
}

/// Lines by the width they are padded to, narrowest first, each with its place in the caller's order.
fn group_by_width(lines: &[Option<Line>]) -> BTreeMap<u32, Vec<(usize, &Line)>> {
    let mut groups: BTreeMap<u32, Vec<(usize, &Line)>> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        if let Some(line) = line {
            let width = line.image.width().max(MINIMUM_WIDTH).next_multiple_of(WIDTH_STEP);
            groups.entry(width).or_default().push((index, line));
        }
    }
    groups
}

/// Grey values from -1 (black) to 1 (white) in three equal channels; what is right of a line is 0, as in training.
fn input_tensor(width: u32, batch: &[(usize, &Line)]) -> NdTensor<f32, 4> {
    let mut input = NdTensor::zeros([batch.len(), 3, LINE_HEIGHT as usize, width as usize]);
    for (item, (_, line)) in batch.iter().enumerate() {
        for (x, y, pixel) in line.image.enumerate_pixels() {
            let value = f32::from(pixel.0[0]) / 127.5 - 1.0;
            for channel in 0..3 {
                input[[item, channel, y as usize, x as usize]] = value;
            }
        }
    }
    input
}

fn steps_of(probabilities: NdTensorView<'_, f32, 2>) -> Steps {
    (0..probabilities.size(0)).map(|step| probabilities.slice(step).iter().copied().collect()).collect()
}
