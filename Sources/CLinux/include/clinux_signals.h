/// Signals of the process as a whole.
#pragma once

/// Gives every signal its default action, whatever was inherited: an ignored signal would stay ignored in all children.
void linux_default_all_signals(void);

/// Blocks every signal except those that a fault of the process itself raises and those of terminal job control. A stray
/// SIGUSR1 or a SIGPIPE then cannot end it. Children must clear their mask.
int linux_block_all_signals(void);

/// A descriptor that becomes readable with these signals, which must be blocked.
int linux_signal_descriptor(const int *signals, int count);

/// The next signal from such a descriptor, 0 if there is none.
int linux_next_signal(int descriptor);
