import FoundationEssentials
import NIOHTTP1

/// Discord's REST API: the requests that a bridge makes. Each waits for its turn by Discord's limits, is tried again where that does no harm, and
/// fails as `DiscordError` says. What is written mentions nobody, no matter who writes it: see `MessageDraft`.
public final class RESTClient: Sendable {
    let places: DiscordPlaces
    let timekeeper: any Timekeeper
    let web: WebClient
    private let token: BotToken
    private let userAgent: String
    private let turnstile: Turnstile
    private let memory = RESTMemory()

    static let attempts = 4
    private static let answerBytes = 8 << 20

    /// - parameter version: of the program, which Discord wants to be told.
    public init(
        _ network: DiscordNetwork, token: BotToken, version: String, timekeeper: any Timekeeper = SystemTimekeeper()
    ) {
        places = network.places
        self.token = token
        self.timekeeper = timekeeper
        userAgent = "DiscordBot (https://orchd.invalid, \(version))"
        web = WebClient(network)
        turnstile = Turnstile(timekeeper: timekeeper)
    }

    /// Ends its connections. Has to be called before it goes.
    public func close() async { await web.close() }

    /// Does a request, and reads its answer.
    func answer<Value: Decodable & Sendable>(
        _ request: RESTRequest, as type: Value.Type = Value.self
    ) async throws(DiscordError) -> Value {
        try await perform(request) { try? JSONDecoder().decode(Value.self, from: Data($0)) }
    }

    /// Does a request whose answer says nothing more.
    func done(_ request: RESTRequest) async throws(DiscordError) {
        try await perform(request) { _ in () }
    }

    /// - parameter read: nil for an invalid answer.
    private func perform<Value: Sendable>(
        _ request: RESTRequest, reading read: ([UInt8]) -> Value?
    ) async throws(DiscordError) -> Value {
        let deadline = timekeeper.now() + request.patience
        var attempt = 1
        while true {
            if await memory.isUnauthorized, request.needsToken { throw .unauthorized }
            try await turnstile.pass(request.route, priority: request.priority, until: deadline)
            let failure: DiscordError
            switch await exchange(request, until: deadline) {
            case .success(let answer):
                await turnstile.answered(request.route, status: answer.status, Self.rateHeaders(of: answer))
                switch Self.verdict(on: answer, of: request) {
                case .good:
                    if let value = read(answer.body) { return value }
                    failure = Self.noAnswer("its answer cannot be read", to: request)
                case .again: continue
                case .maybe(let why): failure = Self.noAnswer(why, to: request)
                case .final(let error):
                    if error == .unauthorized { await memory.unauthorized() }
                    throw error
                }
            case .failure(let broken):
                await turnstile.lost(request.route)
                switch broken {
                case .cancelled: throw .cancelled
                case .notSent(let why): failure = .unavailable(why)
                case .noAnswer(let why): failure = Self.noAnswer(why, to: request)
                case .tooLarge: failure = Self.noAnswer("its answer is larger than any", to: request)
                }
            }
            if case .unclear = failure { throw failure }
            let pause = Self.pause(after: attempt)
            guard attempt < Self.attempts, timekeeper.now() + pause < deadline else { throw failure }
            try await sleep(pause)
            attempt += 1
        }
    }

    private func exchange(_ request: RESTRequest, until deadline: Moment) async -> Result<WebClient.Answer, WebClient.Failure> {
        var headers = HTTPHeaders([("User-Agent", userAgent), ("Accept", "application/json")])
        if request.needsToken { headers.add(name: "Authorization", value: "Bot \(token.secret.text)") }
        if let body = request.body { headers.add(name: "Content-Type", value: body.contentType) }
        let most = request.body.map { $0.bytes.count > 1 << 20 } ?? false ? 60.0 : 15.0
        let seconds = min(most, max(0.1, Double(deadline - timekeeper.now()) / 1000))
        return await web.exchange(
            request.method, "\(places.api)\(request.path)\(request.query)", headers: headers, body: request.body?.bytes,
            seconds: seconds, atMost: Self.answerBytes)
    }

    func sleep(_ milliseconds: Int64) async throws(DiscordError) {
        do {
            try await timekeeper.sleep(until: timekeeper.now() + milliseconds)
        } catch {
            throw .cancelled
        }
    }

    /// Doubled each time, and never the same for two who were cut off together.
    static func pause(after attempt: Int) -> Int64 {
        let most = Int64(500) << Int64(min(attempt, 6))
        return Int64.random(in: most / 2...most)
    }

    private static func noAnswer(_ why: String, to request: RESTRequest) -> DiscordError {
        request.repetition == .unsafe ? .unclear(why) : .unavailable(why)
    }

    /// The bot, as Discord knows it.
    func me() async throws(DiscordError) -> User {
        if let user = await memory.me { return user }
        let user: User = try await answer(RESTRequest(.GET, "/users/@me"))
        await memory.met(user)
        return user
    }

    func remember(_ message: Snowflake, _ nonce: Nonce) async { await memory.sent(message, nonce) }

    func nonce(of message: Snowflake) async -> Nonce? { await memory.nonces[message] }
}

/// What a client learns.
private actor RESTMemory {
    private(set) var isUnauthorized = false
    private(set) var me: User?
    /// Of the messages that were sent last: with which nonce.
    private(set) var nonces: [Snowflake: Nonce] = [:]
    private var order: [Snowflake] = []

    func unauthorized() { isUnauthorized = true }

    func met(_ user: User) { me = user }

    func sent(_ message: Snowflake, _ nonce: Nonce) {
        if nonces.updateValue(nonce, forKey: message) == nil { order.append(message) }
        guard order.count > 2000 else { return }
        for old in order.prefix(1000) { nonces[old] = nil }
        order.removeFirst(1000)
    }
}
