import SupervisorLink

/// What the engine has not been told yet: names of attempts, not messages, so that a slow engine costs next to nothing and a new
/// one can be told everything again.
package struct Outbox {
    package var welcome: UInt32?
    package var waiting: [UInt64] = []
    package var started: [UInt64] = []
    package var ended: [UInt64] = []
    /// Whose channel is still to be handed over.
    package var channels: [UInt64] = []
    /// Whose door is.
    package var doors: [UInt64] = []
    package var revoked: [(attempt: UInt64, accepted: Bool)] = []
    /// The inventory is being sent: its end is still to be said.
    package var isInventory = false
    /// Whose result file and files this engine has been sent.
    package var resultsSent: Set<UInt64> = []
    /// Whose are being sent.
    var partlySent: PartlySent?
    /// How many files may still be opened in this turn.
    var filesLeft = 0
    /// The pools that `started` and `ended` are about, since the last time both were empty.
    private var pools: Set<String> = []
    /// When the oldest of `started` and `ended` happened, on the monotonic clock.
    private var since: Int64 = 0

    /// An attempt whose result file has been sent, and the files up to a name.
    struct PartlySent {
        var attempt: UInt64
        var lastName: String?
    }

    package init() {}

    package var hasReports: Bool { !started.isEmpty || !ended.isEmpty }
    package var isEmpty: Bool {
        !hasReports && channels.isEmpty && doors.isEmpty && welcome == nil && waiting.isEmpty && revoked.isEmpty && !isInventory
    }

    package mutating func addStart(_ attempt: UInt64, pool: String, now: Int64) {
        note(pool, now)
        started.append(attempt)
    }

    package mutating func addEnd(_ attempt: UInt64, pool: String, now: Int64) {
        note(pool, now)
        ended.append(attempt)
    }

    private mutating func note(_ pool: String, _ now: Int64) {
        if !hasReports {
            since = now
            pools.removeAll(keepingCapacity: true)
        }
        pools.insert(pool)
    }

    /// Until when the reports may wait for others: while every pool they are about has something to start next, the engine is
    /// not needed to keep it busy. Nil if they should be sent now.
    package func gatherUntil(_ gather: Int64, now: Int64, isBusy: (String) -> Bool) -> Int64? {
        guard gather > 0, welcome == nil, !isInventory, revoked.isEmpty, hasReports else { return nil }
        guard started.count + ended.count < SupervisorMessage.reportsPerMessage, pools.allSatisfy(isBusy) else { return nil }
        return since + gather > now ? since + gather : nil
    }
}
