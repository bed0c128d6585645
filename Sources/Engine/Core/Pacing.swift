/// A turn costs processor time that the tasks want, so one is not taken for every report.
package enum Pacing {
    /// How long the supervisor may gather reports of a busy pool, in milliseconds. What is longer makes fewer turns, and needs more
    /// orders in hand to keep the slots busy meanwhile.
    package static let gather: UInt32 = 10
}
