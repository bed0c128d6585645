/// How a warm worker goes about its life. What its task is to come to, the task says.
enum WorkerBehaviour: String, CaseIterable, Sendable {
    /// It keeps to the protocol.
    case good
    /// It is ready, and takes its task, as late as it may, or a little later.
    case slow
    case neverReady
    case diesBeforeReady
    /// It says what is no message, before it is ready, or with its task.
    case garbageFirst
    case garbageLater
    /// It says a line without end.
    case endless
    case diesIdle
    /// It takes no notice of a task.
    case deaf
    /// It has read its task, and is gone before it has said so.
    case diesOnTask
    /// It exits with status 0, and has not said how its task ended.
    case noResult
    case twoResults
    /// It does not exit after its result.
    case lingers
    /// It does not exit when it is told to.
    case staysOnExit
    /// It says all it has to say in pieces.
    case stutters
    /// It does not end before SIGKILL.
    case stubborn
}
