/// A fault in the code, as somebody might write it. Each is put before or after the real code, and must be found.
public enum Mutation: String, CaseIterable, Sendable {
    // Between the turn and the store.
    case acknowledgeBeforeCommit
    case swallowCommitFailure
    case oneSlotTooMany
    case ignorePriority
    case ignorePause
    case ignoreHold
    case ignoreExpiry
    case startTooEarly
    case retryOnceTooOften
    case loseEvent
    case repeatEvent
    case loseTask
    case forgetInput
    case forgetKey
    case forgetAnswer
    case forgetTimeouts
    case forgetDueTimes
    case forgetClockStep
    case forgetUnfinished
    case retryTooSeldom
    case countShortage
    case forgetSubmitter
    case forgetPauses
    case timeOutTooEarly
    case idleTooLong
    case expireTooEarly
    case forgetRelative
    case countLimitTwice
    case swapTimes
    case retireNewest
    case loseOddText
    case refuseOrdered
    case countOrders
    case forgetReason
    // What the tables say cannot be.
    case tearRow
    case wakeStopping
    // Between a request and the turn, and after a turn that was refused.
    case ignoreOwner
    case keepRefused
    // Between what follows from a turn and the world.
    case loseAnswer
    case repeatAnswer
    case sendWrongSlots
    case ignoreRevoke
    case ignoreStop
    case forgetAcknowledgement
    case loseLaunch
    case loseDiscard
    case loseThaw
    case skipOrderCheck
    case dropBacklog
    // Warm workers, lanes and gates.
    case useUnreadyWorker
    case forgetAcceptance
    case keepWorker
    case ignoreBackoff
    case forgetHeard
    case closeChannelEarly
    case countUnaccepted
    case ignoreLimit
    case ignoreGate
    // Programs of rules.
    case forgetGiven
    case forgetChoice
    case ignoreBudget
    case forgetSpending
    // Between the supervisor and the engine.
    case forgetExit
    case skipInventory
    case repeatExitAsAnother
    // The supervisor.
    case forgetWhatWasHeard
    case forgetExitsWhenSent
    case startBesideSlots
    case hearOldEngine
    case keepFreedSlot
    case forgetUnsent
}
