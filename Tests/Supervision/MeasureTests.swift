import Glibc
import Platform
import SupervisorLink
import TestSupport
import Testing

@testable import Supervision

/// What the files of a cgroup say of an attempt.
@Suite struct MeasureTests {
    private let directory: ScratchDirectory

    init() throws {
        directory = try ScratchDirectory()
        mkdir(directory.path("1.1"), 0o700)
    }

    private func write(_ text: String, to name: String) throws {
        let file = try Descriptor(opening: directory.path("1.1/\(name)"), O_WRONLY | O_CREAT, mode: 0o600)
        let bytes = Array(text.utf8)
        #expect(Glibc.write(file.number, bytes, bytes.count) == bytes.count)
    }

    private func measures() throws -> Measures {
        let parent = try Descriptor(opening: directory.path(""), O_RDONLY | O_DIRECTORY)
        return try Cgroup(existing: "1.1", in: parent).measures()
    }

    @Test func allDevicesAreAdded() throws {
        try write(
            "8:0 rbytes=100 wbytes=20 rios=3 wios=1 dbytes=9 dios=1\n254:1 rbytes=1 wbytes=2 rios=1 wios=1\n", to: "io.stat")
        try write(
            "some avg10=1.00 avg60=0.00 avg300=0.00 total=111\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\n",
            to: "cpu.pressure")
        try write("some avg10=0.00 avg60=0.00 avg300=0.00 total=222\n", to: "memory.pressure")
        let expected = Measures(
            bytesRead: 101, bytesWritten: 22, stalledForProcessor: 111, stalledForMemory: 222, stalledForDisk: 0)
        #expect(try measures() == expected)
    }

    @Test func whatIsNotCountedIsNothing() throws {
        try write("8:0 rbytes=x wbytes=\n\n", to: "io.stat")
        try write("full total=3\n", to: "io.pressure")
        let none = Measures(
            bytesRead: 0, bytesWritten: 0, stalledForProcessor: 0, stalledForMemory: 0, stalledForDisk: 0)
        #expect(try measures() == none)
    }
}
