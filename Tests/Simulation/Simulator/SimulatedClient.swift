import OrchProtocol
import Scheduling
import TestSupport

/// A request and what has become of it.
struct Request {
    var number: Int
    var command: Command
    var user: UInt32
    var isAdministrator: Bool
    /// What distinguishes the tasks of a submission.
    var marks: [String] = []
    var key: String?
    /// The client is gone: whatever the answer is, nobody hears it.
    var vanishes = false
    /// The engine that it was sent to; nil while it waits in the socket.
    var life: Int?
    var isAnswered = false
    /// And not by an error.
    var isDone = false
    /// It will be asked again after an answer that did not come.
    var tries = 0

    /// What was answered first to a request with a key, which may be sent again.
    var firstReply: Reply?

    /// Whether its client asks again after an answer that did not come.
    var isRepeatable: Bool { key != nil || command.call.key != nil }

    var requester: Requester { Requester(uid: user, isAdministrator: isAdministrator) }
}

/// A client that follows the events, and begins anew where it was when its engine goes.
struct Subscriber {
    var last: Int64
}
