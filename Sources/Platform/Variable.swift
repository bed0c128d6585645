/// The variables of the environment that the programs read: all of them, so that what is said of one holds for each.
///
/// One that is empty counts as not set. Whatever is not listed here is passed on, or ignored, but never looked at.
public enum Variable: String, CaseIterable, Sendable {
    // Where things are.
    case home = "HOME"
    case path = "PATH"
    case stateHome = "XDG_STATE_HOME"
    case configHome = "XDG_CONFIG_HOME"
    case runtimeDirectory = "XDG_RUNTIME_DIR"
    case socket = "ORCHD_SOCKET"

    // A foreground run.
    case workers = "WORKERS"
    case pollInterval = "POLL_INTERVAL"
    case maxIdleTime = "MAX_IDLE_TIME"
    case openclaw = "OPENCLAW_BIN"
    case discordChannel = "DISCORD_CHANNEL"

    // What tasks are given of it.
    case user = "USER"
    case logName = "LOGNAME"
    case shell = "SHELL"
    case language = "LANG"
    case locale = "LC_ALL"
    /// An empty one is a time zone to libc, which is UTC; here it is none, and tasks have that of the machine.
    case timeZone = "TZ"

    // The terminal.
    case terminal = "TERM"
    case columns = "COLUMNS"
    case noColor = "NO_COLOR"
    case forceColor = "CLICOLOR_FORCE"

    // The service manager.
    case notifySocket = "NOTIFY_SOCKET"
    case watchdogInterval = "WATCHDOG_USEC"
    case watchdogProcess = "WATCHDOG_PID"
    case journalStream = "JOURNAL_STREAM"
    case credentials = "CREDENTIALS_DIRECTORY"
    case serviceState = "STATE_DIRECTORY"
}
