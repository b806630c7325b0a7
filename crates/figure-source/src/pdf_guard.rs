//! Runs the PDF interpreter so that no file can take the program down.

use std::panic::{catch_unwind, resume_unwind, set_hook, take_hook};
use std::sync::Once;
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use crate::FigureSourceError;

/// Name of the threads in which PDF files are read.
const THREAD: &str = "kmeta-pdf";

/// Bytes of their stacks: objects may be nested in each other, forms in forms.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Glyphs of Type 3 fonts that show glyphs that show glyphs: more is a circle, and each takes its part of the stack.
pub(crate) const MAXIMUM_GLYPH_NESTING: u32 = 8;

/// Payload of the unwinding that ends the interpretation of a page that asks for too much.
struct TooMuch;

/// Ends the interpretation; [`guarded`] and [`interpreted`] say so. Prints nothing.
pub(crate) fn stop() -> ! {
    resume_unwind(Box::new(TooMuch))
}

/// Time after which the interpretation of a page is given up. Limits on counts come first and do not depend on the
/// machine; this one is for files whose work is not seen in what they draw. A journal page takes a hundredth of it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Ends an interpretation that takes too long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience(Instant);

impl Default for Patience {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Patience {
    /// Stops when time is up.
    pub(crate) fn check(&self) {
        if self.0.elapsed() > PATIENCE {
            stop();
        }
    }
}

/// How an interpretation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// At the end of the page.
    Whole,
    /// By [`stop`].
    TooMuch,
    /// By a fault of the interpreter.
    Fault,
}

/// Runs an interpretation to its end or up to where it breaks off.
pub(crate) fn interpreted(interpret: impl FnOnce()) -> Ending {
    match catch_unwind(std::panic::AssertUnwindSafe(interpret)) {
        Ok(()) => Ending::Whole,
        Err(payload) if payload.is::<TooMuch>() => Ending::TooMuch,
        Err(_) => Ending::Fault,
    }
}

/// Reads in a thread of its own, with room for deeply nested files, and turns a panic into an error. A known one:
/// `hayro` 0.9.0 adds glyph coordinates without a check (glyph_cache.rs, line 76), which overflows where a damaged file
/// puts text very far off the page. Nothing that the closure touches outlives it.
pub(crate) fn guarded<T: Send>(
    read: impl FnOnce() -> Result<T, FigureSourceError> + Send,
) -> Result<T, FigureSourceError> {
    let failed = |reason: &str| FigureSourceError::Damaged { format: "pdf", reason: reason.into() };
    silence_own_threads();
    thread::scope(|scope| {
        let reading = Builder::new()
            .name(THREAD.into())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, read)
            .map_err(|error| failed(&format!("no thread could be started for it ({error})")))?;
        reading.join().unwrap_or_else(|payload| {
            Err(if payload.is::<TooMuch>() {
                too_much()
            } else {
                failed("the page description makes the PDF renderer fail")
            })
        })
    })
}

/// The refusal of a page that asks for too much.
fn too_much() -> FigureSourceError {
    FigureSourceError::TooLarge {
        format: "pdf",
        found: "forms, patterns, masks, pictures or paths that take too long to draw".into(),
        limit: "what one page of a journal holds".into(),
    }
}

/// A panic in one of the threads above becomes an error: a trace of it would only frighten. All others are shown as
/// before.
fn silence_own_threads() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let shown = take_hook();
        set_hook(Box::new(move |panic| {
            if thread::current().name() != Some(THREAD) {
                shown(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_and_a_stop_are_told_apart() {
        assert_eq!(interpreted(|| {}), Ending::Whole);
        assert_eq!(interpreted(|| stop()), Ending::TooMuch);
        let fault = guarded::<()>(|| panic!("a fault of the interpreter"));
        assert!(matches!(fault, Err(FigureSourceError::Damaged { .. })), "{fault:?}");
        let large = guarded::<()>(|| stop());
        assert!(matches!(large, Err(FigureSourceError::TooLarge { .. })), "{large:?}");
    }
}
