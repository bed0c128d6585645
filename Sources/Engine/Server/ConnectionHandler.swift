import FoundationEssentials
import NIOCore
import NIOPosix
import OrchProtocol
import Scheduling

/// One client: lines in, calls to the router, lines out.
///
/// Nothing a client does makes it cost more than a bounded amount: lines have a limit, so have the requests that are in flight and
/// the bytes that wait for it to read. At a limit the handler stops reading, which the client notices by its own writes; one that
/// takes nothing for long is sent away.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes of answers that may wait for the client before the next request is looked at.
    private static let maximumUnsent = 8 << 20
    /// How many requests of one connection are worked on at once, streams aside; more wait their turn.
    private static let concurrency = 32
    /// Of these, how many may be lookups, whose answers are large and made by the threads that serve everybody.
    private static let maximumLookups = 4
    /// Lines above this are decoded beside the event loop, which serves others too.
    private static let largeLine = 65_536
    /// For what a client takes from here, and for the rest of a request that has begun.
    private static let patience = TimeAmount.seconds(30)
    /// After this time without a request, and with no stream open, nobody misses a connection.
    private static let idleTime = TimeAmount.minutes(10)

    /// Carries out a call for somebody, and answers it.
    typealias Take = @Sendable (Call, Requester, Responder) -> Void

    private let take: Take
    private let requester: Requester
    private let readers: NIOThreadPool
    private let shares: Shares
    private let maximumInFlight: Int

    private var lines = LineBuffer()
    private var waiting = CircularBuffer<ByteBuffer>()
    private var inFlight = 0
    private var lookups = 0
    /// Requests that may last for as long as the connection does.
    private var streams: [ObjectIdentifier: OpenStream] = [:]
    /// A lookup whose turn has not come; those behind it wait.
    private var held: Request?
    private var unsent = 0
    private var isDecoding = false
    private var isClosing = false
    /// Reading stopped at a limit, and continues below it.
    private var wantsRead = false
    private var isInputClosed = false
    private var deadline: Scheduled<Void>?
    /// Bytes of a request without its end, as they were counted.
    private var heldBytes = 0
    /// When the request that is not complete has to be.
    private var lineDeadline: Scheduled<Void>?
    private var lastUse = NIODeadline.uptimeNanoseconds(0)
    /// When it is next looked whether anybody uses it.
    private var nextLook: Scheduled<Void>?

    init(requester: Requester, readers: NIOThreadPool, shares: Shares, maximumInFlight: Int, take: @escaping Take) {
        self.take = take
        self.requester = requester
        self.readers = readers
        self.shares = shares
        self.maximumInFlight = maximumInFlight
    }

    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        context.read()
        lastUse = context.eventLoop.now
        watchUse(context, in: Self.idleTime)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        lineDeadline?.cancel()
        nextLook?.cancel()
        self.context = nil
        for stream in streams.values { _ = close(stream) }
        hold(0)
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        var bytes = unwrapInboundIn(data)
        lines.append(&bytes)
        lastUse = context.eventLoop.now
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        advance()
        readIfWelcome()
    }

    /// Takes what has come and works on it, as far as the limits allow. What has been answered at once makes room for more.
    private func advance() {
        var hasCut: Bool
        repeat {
            hasCut = cut()
            work()
        } while hasCut && waiting.isEmpty
        watchLine()
    }

    /// A request has begun: the rest has to come soon, and what has come is counted.
    private func watchLine() {
        guard !isClosing, let context else { return }
        let count = lines.isWaitingForEnd ? lines.count : 0
        if let complaint = hold(count) { return refuse(complaint) }
        guard count > 0 else {
            lineDeadline?.cancel()
            lineDeadline = nil
            return
        }
        guard lineDeadline == nil else { return }
        let begin = lines.ordinal
        let handle = handle(context)
        lineDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) {
            handle.handler.value.lineIsLate(begin)
        }
    }

    private func lineIsLate(_ ordinal: Int) {
        lineDeadline = nil
        guard !isClosing, lines.isWaitingForEnd else { return }
        // Another one has begun since, or nobody has looked for the rest: it has its time from now on.
        guard lines.ordinal == ordinal, !wantsRead else { return watchLine() }
        refuse(
            WireError(
                .invalidRequest, "the end of a request did not come within \(Self.patience.nanoseconds / 1_000_000_000) s"))
    }

    /// Counts this number of bytes as held for the client, instead of those until now.
    @discardableResult private func hold(_ count: Int) -> WireError? {
        let more = count - heldBytes
        if more > 0, let complaint = shares.take(.bytes, more, of: requester) { return complaint }
        if more < 0 { shares.give(.bytes, -more, of: requester) }
        heldBytes = count
        return nil
    }

    /// Looks from time to time whether anybody still uses the connection.
    private func watchUse(_ context: ChannelHandlerContext, in time: TimeAmount) {
        let handle = handle(context)
        nextLook = context.eventLoop.assumeIsolated().scheduleTask(in: time) { handle.handler.value.closeIfUnused() }
    }

    private func closeIfUnused() {
        guard let context, !isClosing else { return }
        let rest = lastUse + Self.idleTime - context.eventLoop.now
        let isUsed = inFlight > 0 || !streams.isEmpty || !waiting.isEmpty || unsent > 0
        guard isUsed || rest > .nanoseconds(0) else { return context.close(promise: nil) }
        watchUse(context, in: isUsed ? Self.idleTime : rest)
    }

    /// Takes as many lines from what has come as may wait; whether there were any.
    private func cut() -> Bool {
        var hasCut = false
        while !isClosing, waiting.count + inFlight < maximumInFlight, let piece = lines.next() {
            switch piece {
            case .line(let line):
                hasCut = true
                if line.readableBytes > 0 { waiting.append(line) }
            case .tooLong:
                refuse(
                    WireError(
                        .lineTooLong,
                        """
                        a line has at most \(Wire.maximumLineLength >> 20) MiB, \
                        a task.submit at most \(Wire.maximumSubmissionLength >> 20) MiB
                        """))
            }
        }
        return hasCut
    }

    private func readIfWelcome() {
        guard let context, !isClosing, !isInputClosed else { return }
        wantsRead = waiting.count + inFlight >= maximumInFlight || unsent > Self.maximumUnsent
        if !wantsRead { context.read() }
    }

    /// Starts on requests that wait, as far as the limits allow.
    private func work() {
        if let request = held, mayLookUp {
            held = nil
            lookUp(request)
        }
        while !isDecoding, held == nil, inFlight < Self.concurrency, unsent <= Self.maximumUnsent,
            let line = waiting.popFirst()
        {
            inFlight += 1
            if line.readableBytes > Self.largeLine {
                decodeAside(line)
            } else {
                begin(Wire.request(from: Data(line.readableBytesView)))
            }
        }
    }

    private func decodeAside(_ line: ByteBuffer) {
        guard let context else { return }
        isDecoding = true
        let handle = handle(context)
        readers.runIfActive(eventLoop: context.eventLoop) { Wire.request(from: Data(line.readableBytesView)) }
            .whenComplete { result in
                let handler = handle.handler.value
                handler.isDecoding = false
                switch result {
                case .success(let request): handler.begin(request)
                case .failure: handler.begin((nil, .failure(WireError(.stopping, "the daemon is stopping"))))
                }
                handler.goOn()
            }
    }

    private func begin(_ request: (id: RequestID?, Result<Request, WireError>)) {
        switch request.1 {
        case .success(let it) where it.call[.cancelRequest] != nil:
            if let parameters = it.call[.cancelRequest] { cancel(parameters.request, asked: it.id) }
        case .success(let it):
            switch it.call.method.kind {
            case .change, .glance: route(it)
            case .lookup where mayLookUp: lookUp(it)
            case .lookup: held = it
            case .stream: stream(it)
            }
        case .failure(let error):
            finish(Response<Acknowledged>(id: request.id, error: error), .glance)
        }
    }

    private var mayLookUp: Bool { lookups < Self.maximumLookups && unsent <= Self.maximumUnsent }

    private func lookUp(_ request: Request) {
        lookups += 1
        route(request)
    }

    private func stream(_ request: Request) {
        guard streams.count < maximumInFlight else {
            let error = WireError(.tooBusy, "\(streams.count) streams are open on this connection, which is the limit")
            return finish(Response<Acknowledged>(id: request.id, error: error), .glance)
        }
        if let complaint = shares.take(.streams, of: requester) {
            return finish(Response<Acknowledged>(id: request.id, error: complaint), .glance)
        }
        inFlight -= 1
        let stream = OpenStream(id: request.id)
        streams[ObjectIdentifier(stream)] = stream
        route(request, stream)
    }

    private func route(_ request: Request, _ stream: OpenStream? = nil) {
        guard let context else { return }
        var handle = handle(context)
        handle.stream = stream.map { NIOLoopBound($0, eventLoop: context.eventLoop) }
        let responder = Responder(id: request.id, kind: request.call.method.kind, connection: handle)
        take(request.call, requester, responder)
    }

    /// Ends streams of this connection; what began one is answered, too.
    private func cancel(_ id: RequestID, asked: RequestID) {
        let ended = streams.values.filter { $0.id == id && close($0) }
        guard !ended.isEmpty else {
            let error = WireError(.notFound, "no stream with this id is open on this connection", field: "request")
            return finish(Response<Acknowledged>(id: asked, error: error), .glance)
        }
        for _ in ended {
            let error = WireError(.requestCancelled, "the request was cancelled by its client")
            finish(Response<Acknowledged>(id: id, error: error), .stream)
        }
        finish(Response(id: asked, result: Acknowledged("cancelled")), .glance)
    }

    /// Whether it was open until now.
    func close(_ stream: OpenStream) -> Bool {
        if streams.removeValue(forKey: ObjectIdentifier(stream)) != nil { shares.give(.streams, of: requester) }
        return stream.close()
    }

    private func handle(_ context: ChannelHandlerContext) -> ConnectionHandle {
        ConnectionHandle(channel: context.channel, handler: NIOLoopBound(self, eventLoop: context.eventLoop))
    }

    private func goOn() {
        advance()
        if wantsRead { readIfWelcome() }
        closeIfDone()
    }

    // MARK: Out

    /// Answers a request, which is then no longer in flight.
    func finish(_ response: some Encodable & Sendable, _ kind: MethodKind) {
        finish(line: try? Wire.line(response), kind)
    }

    func finish(line: Data?, _ kind: MethodKind) {
        switch kind {
        case .change, .glance: inFlight -= 1
        case .lookup:
            inFlight -= 1
            lookups -= 1
        case .stream: break
        }
        assert(min(inFlight, lookups) >= 0, "a request has two answers")
        guard let context else { return }
        lastUse = context.eventLoop.now
        if !isClosing { send(line: line, nil) }
        goOn()
    }

    func send(_ value: some Encodable, _ promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        send(line: try? Wire.line(value), promise)
    }

    private func send(line data: Data?, _ promise: EventLoopPromise<Void>?) {
        guard let context, let data else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        var buffer = context.channel.allocator.buffer(capacity: data.count + 1)
        buffer.writeBytes(data)
        buffer.writeInteger(UInt8(ascii: "\n"))
        let count = buffer.readableBytes
        unsent += count
        let written = context.eventLoop.makePromise(of: Void.self)
        let handle = handle(context)
        written.futureResult.whenComplete { _ in handle.handler.value.sent(count) }
        if let promise { written.futureResult.cascade(to: promise) }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: written)
        watchReader(context)
    }

    private func sent(_ count: Int) {
        unsent -= count
        assert(unsent >= 0, "more was sent than was waiting")
        deadline?.cancel()
        deadline = nil
        guard let context else { return }
        watchReader(context)
        goOn()
    }

    /// A client that takes nothing for long is cut off; everything it was sent, it can ask for again.
    private func watchReader(_ context: ChannelHandlerContext) {
        guard unsent > 0, deadline == nil else { return }
        let handle = handle(context)
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) {
            let handler = handle.handler.value
            if handler.unsent > 0, let context = handler.context { context.close(promise: nil) }
        }
    }

    /// The last line that a client gets.
    private func refuse(_ error: WireError) {
        // First of all: a write that succeeds at once comes back here for the next line.
        isClosing = true
        waiting.removeAll()
        held = nil
        send(line: try? Wire.line(Response<Acknowledged>(id: nil, error: error)), nil)
        // The answer goes out first, and what the client still sends is not read.
        context?.close(mode: .output, promise: nil)
        guard let context else { return }
        let handle = handle(context)
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) {
            handle.handler.value.context?.close(promise: nil)
        }
    }

    // MARK: Ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client may close its side after its last request, as `nc -N` does, and still wants the answer.
        if case .some(.inputClosed) = event as? ChannelEvent {
            isInputClosed = true
            advance()
            closeIfDone()
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func closeIfDone() {
        guard isInputClosed, inFlight == 0, streams.isEmpty, waiting.isEmpty, unsent == 0 else { return }
        context?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
