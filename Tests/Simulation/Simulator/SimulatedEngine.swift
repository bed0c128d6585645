import DaemonConfiguration
import Engine
import Logging
import OrchProtocol
import Scheduling
import SupervisorLink
import TestSupport

/// One engine from its start to its end, whichever that is: the real core and the real turns.
final class SimulatedEngine {
    let life: Int
    let outlet = EffectTap()
    let core: EngineCore
    private var runner: TurnRunner<SimulatedDisk>
    /// The connection to the supervisor, once it has one.
    var session: LinkSession?
    /// When it takes its next turn if nothing happens before.
    var wakeAt: Int64?
    /// What follows from a turn that is being committed.
    var pending: (items: [EffectTap.Item], rest: Int64, isResting: Bool)?
    /// Its last turn left nothing to do.
    var isResting = false
    /// How many turns it has taken in a row, with hardly a rest, while nothing came in and nothing went out.
    var idleTurns = 0

    private static let quiet: Logger = {
        var log = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        log.logLevel = .critical
        return log
    }()

    private let mutation: Mutation?

    init(
        mutation: Mutation?, life: Int, disk: SimulatedDisk, directory: String, configuration: Configuration,
        clock: VirtualClock
    ) throws {
        self.life = life
        self.mutation = mutation
        core = try EngineCore(
            store: disk.store, stateDirectory: directory, configuration: configuration, link: outlet,
            workers: outlet, clock: { clock.now }, zoneOffset: { _ in 0 }, log: Self.quiet)
        runner = TurnRunner(core, on: disk)
        let outlet = outlet
        core.listen { outlet.add(.news($0)) }
    }

    /// - Returns: for how many milliseconds it rests.
    func turn() -> Int64 { runner.turn() }

    func request(_ command: Command, by requester: Requester, number: Int) {
        let outlet = outlet
        var requester = requester
        if mutation == .ignoreOwner, !command.isAdministrative { requester.isAdministrator = true }
        core.request(command, by: requester) { outlet.add(.reply(request: number, $0)) }
    }

    func reload(_ configuration: Configuration, number: Int) {
        let outlet = outlet
        EngineControl(core, load: { configuration }, onStop: {}).reload(by: Requester(uid: 0, isAdministrator: true)) {
            result in
            if case .success = result {
                outlet.add(.reloaded(request: number, true))
            } else {
                outlet.add(.reloaded(request: number, false))
            }
        }
    }
}
