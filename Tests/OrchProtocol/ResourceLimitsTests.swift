import FoundationEssentials
import OrchProtocol
import Testing

@Suite struct ResourceLimitsTests {
    private func limits(_ values: [ResourceLimits.Resource: Double]) -> ResourceLimits {
        var limits = ResourceLimits()
        for (resource, value) in values { limits[resource] = value }
        return limits
    }

    @Test func whatATaskLeavesOpenIsThePoolsAndNothingIsAboveTheMaximum() {
        let asked = limits([.memory: 100, .cpu: 4])
        let pool = limits([.memory: 50, .pids: 20, .swap: 7])
        let maximum = limits([.cpu: 2, .pids: 30, .ioWeight: 10])
        #expect(
            asked.filled(from: pool, upTo: maximum)
                == limits([.memory: 100, .cpu: 2, .pids: 20, .swap: 7, .ioWeight: 10]))
        #expect(ResourceLimits().filled(from: ResourceLimits(), upTo: ResourceLimits()).isEmpty)
    }

    @Test(
        arguments: [
            ("memory", "2G", 2_147_483_648.0), ("memory", "1048576", 1_048_576), ("memory", "1M", 1_048_576),
            ("memory_high", "64m", 67_108_864), ("swap", "0", 0), ("cpu", "1.5", 1.5), ("cpu", "0.01", 0.01),
            ("pids", "200", 200),
            ("cpu_weight", "10000", 10_000), ("io_weight", "1", 1),
        ] as [(String, String, Double)])
    func amountsAreReadAsPeopleWriteThem(_ name: String, _ text: String, _ amount: Double) throws {
        #expect(try #require(ResourceLimits.Resource(rawValue: name)).amount(text) == amount)
    }

    @Test(arguments: [
        ("memory", "0"), ("memory", "1023K"), ("memory", "-1"), ("memory", "9999999T"), ("memory", "nan"), ("swap", "-0"),
        ("cpu", "0"), ("cpu", "nan"), ("cpu", "inf"), ("cpu", "2G"), ("pids", "1.5"), ("pids", "0"), ("cpu_weight", "10001"),
        ("io_weight", ""),
    ])
    func whatIsNoAmountIsRefused(_ name: String, _ text: String) throws {
        #expect(try #require(ResourceLimits.Resource(rawValue: name)).amount(text) == nil)
    }

    @Test func theyAreAnObjectWithoutUnknownNames() throws {
        let line = try Wire.line(limits([.memory: 2_147_483_648, .cpu: 1.5]))
        #expect(String(decoding: line, as: UTF8.self) == #"{"cpu":1.5,"memory":2147483648}"#)
        #expect(throws: WireError.self) { try Wire.decode(ResourceLimits.self, from: Data(#"{"memmory":1}"#.utf8)) }
    }
}
