import FoundationEssentials
import NIOConcurrencyHelpers

/// A bot's ear: connects to Discord, stays connected, and tells what happens, each event once and in order.
///
/// What to do when is decided by `GatewayMachine`; here it is done.
public final class Gateway: Sendable {
    private let network: DiscordNetwork
    private let rest: RESTClient
    private let token: BotToken
    private let intents: Intents
    private let memory: any GatewayMemory
    private let timekeeper: any Timekeeper
    private let note: @Sendable (String) -> Void
    private let backoff: Int64

    /// Events that wait to be handled. While there are more, nothing is read.
    private static let backlog = 5000

    /// - parameter backoff: the wait before the second attempt in a row, in milliseconds. It doubles with each, up to a minute.
    /// - parameter note: is told what happens to the connection, for a log. No secret is in it.
    public init(
        _ network: DiscordNetwork, rest: RESTClient, token: BotToken, intents: Intents, memory: any GatewayMemory,
        timekeeper: any Timekeeper = SystemTimekeeper(), backoff: Int64 = 1000,
        note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.network = network
        self.rest = rest
        self.token = token
        self.intents = intents
        self.memory = memory
        self.timekeeper = timekeeper
        self.backoff = max(1, backoff)
        self.note = note
    }

    /// Runs until it is cancelled, or until somebody has to do something. Each event is handled before the next.
    public func run(_ handle: @escaping @Sendable (GatewayEvent) async -> Void) async throws(GatewayError) {
        let starts = await memory.starts()
        let (events, delivery) = AsyncStream.makeStream(of: GatewayEvent.self)
        let room = Room(Self.backlog)
        let failure = await withTaskGroup(of: GatewayError?.self) { group in
            group.addTask {
                for await event in events {
                    await handle(event)
                    await room.leave()
                }
                await room.open()
                return nil
            }
            group.addTask { await self.drive(from: starts, room: room) { delivery.yield($0) } }
            // The handling ends only with the driving.
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        throw failure ?? .cancelled
    }

    private func drive(
        from starts: [Int64], room: Room, deliver: @escaping @Sendable (GatewayEvent) -> Void
    ) async -> GatewayError {
        let (inputs, feeder) = AsyncStream.makeStream(of: GatewayMachine.Input.self)
        let socket = NIOLockedValueBox<GatewaySocket?>(nil)
        var machine = GatewayMachine(starts: starts, backoff: backoff) { Double.random(in: 0...1) }
        var alarm: Moment?
        feeder.yield(.start)
        return await withTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            for await input in inputs {
                if case .alarm = input { alarm = nil }
                for action in machine.handle(input, at: timekeeper.now(), wall: timekeeper.wall()) {
                    switch action {
                    case .fail(let error): return error
                    case .deliver(let event):
                        await room.enter()
                        deliver(event)
                    case .send(let payload):
                        // It is made of numbers and words that can be written.
                        guard let text = try? payload.text(token: token, intents: intents) else { continue }
                        socket.withLockedValue { $0 }?.send(text)
                    case .close(let code): socket.withLockedValue { $0 }?.close(code: code)
                    case .askAddress: group.addTask { feeder.yield(await self.address()) }
                    case .keep(let starts): group.addTask { feeder.yield(.kept(await self.keep(starts))) }
                    case .connect(let url):
                        group.addTask { await self.connection(to: url, in: socket, room: room) { feeder.yield($0) } }
                    }
                }
                if let wake = machine.wake, alarm.map({ wake < $0 }) ?? true {
                    alarm = wake
                    group.addTask {
                        guard (try? await self.timekeeper.sleep(until: wake)) != nil else { return }
                        feeder.yield(.alarm)
                    }
                }
            }
            return .cancelled
        }
    }

    private func address() async -> GatewayMachine.Input {
        do throws(DiscordError) {
            return .address(try await rest.gateway())
        } catch {
            note("the address of the gateway: \(error)")
            return .noAddress(error)
        }
    }

    private func keep(_ starts: [Int64]) async -> Bool {
        do {
            try await memory.keep(starts: starts)
            return true
        } catch {
            note("no session is begun, since it cannot be written down: \(error)")
            return false
        }
    }

    /// A connection from its beginning to its end.
    private func connection(
        to url: String, in place: NIOLockedValueBox<GatewaySocket?>, room: Room,
        feed: @escaping @Sendable (GatewayMachine.Input) -> Void
    ) async {
        guard let address = network.places.gateway(url) else {
            note("the address of the gateway is not one that the token may go to")
            return feed(.notOpened)
        }
        let socket: GatewaySocket
        do {
            socket = try await GatewaySocket.open(address, network)
        } catch {
            note("no connection to the gateway at \(address.authority): \(error)")
            return feed(.notOpened)
        }
        place.withLockedValue { $0 = socket }
        feed(.opened)
        let code = await socket.read { message in
            let decoded = try? JSONDecoder().decode(Incoming.self, from: Data(message))
            feed(decoded.map { .received($0) } ?? .garbled)
            await room.wait()
        }
        place.withLockedValue { $0 = nil }
        note("the connection to the gateway has ended" + (code.map { " with code \($0)" } ?? ""))
        feed(.closed(code: code))
    }
}

/// How many are inside, and a door that is shut while there are too many.
private actor Room {
    private let most: Int
    private var inside = 0
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ most: Int) { self.most = most }

    func enter() { inside += 1 }

    func leave() {
        inside -= 1
        if inside < most { release() }
    }

    /// Nobody comes out any more, and so nobody has to wait.
    func open() {
        isOpen = true
        release()
    }

    private func release() {
        for each in waiting { each.resume() }
        waiting = []
    }

    /// Until there is room.
    func wait() async {
        guard inside >= most, !isOpen else { return }
        await withCheckedContinuation { waiting.append($0) }
    }
}
