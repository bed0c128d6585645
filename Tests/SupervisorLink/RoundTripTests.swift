import Testing

@testable import SupervisorLink

@Suite struct RoundTripTests {
    @Test(arguments: Samples.toSupervisor) func engineMessages(message: EngineMessage) throws {
        #expect(try EngineMessage.decode(message.encoded()[...]) == [message])
    }

    @Test(arguments: Samples.toEngine) func supervisorMessages(message: SupervisorMessage) throws {
        #expect(try SupervisorMessage.decode(message.encoded()[...]) == [message])
    }

    @Test func aPacketIsARowOfMessages() throws {
        let bytes = Samples.toSupervisor.flatMap { $0.encoded() }
        #expect(try EngineMessage.decode(bytes[...]) == Samples.toSupervisor)
        #expect(try EngineMessage.decode([]) == [])
    }

    @Test func reportsHaveTheSizeTheySay() throws {
        #expect(Samples.end.encoded().count == EndReport.size)
        #expect(Samples.start.encoded().count == StartReport.size)
        #expect(try EndReport(decoding: Samples.end.encoded()[...]) == Samples.end)
        #expect(try StartReport(decoding: Samples.start.encoded()[...]) == Samples.start)
    }

    @Test func aFullBatchFitsAPacket() {
        let batch = [EndReport](repeating: Samples.end, count: SupervisorMessage.reportsPerMessage)
        #expect(SupervisorMessage.ended(batch).encoded().count <= LinkProtocol.maximumPacket)
    }

    @Test func onlyTheMarkerIsInMemory() {
        #expect(isInMemory(inMemoryPacket[...]))
        #expect(!isInMemory(EngineMessage.revoke(attempt: 1).encoded()[...]))
        #expect(!isInMemory([]))
        #expect(!isInMemory([0xFF, 0xFF, 1, 0, 0, 0]), "a body is promised and not there")
    }
}
