import CLinux
import Glibc
import Platform
import SupervisorLink
import TestSupport
import Testing

@testable import Supervision

/// Files that are put into the workspace of an attempt before its program runs.
@Suite struct TaskFilesTests {
    private func archive(_ fixture: Fixture, _ text: String, name: String = "archive") throws -> Descriptor {
        let path = "\(fixture.directory)/\(name)"
        let file = try Descriptor(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600), "make an archive")
        #expect(write(file.number, text, text.utf8.count) == text.utf8.count)
        lseek(file.number, 0, SEEK_SET)
        return file
    }

    private func order(_ fixture: Fixture, _ script: String, _ fill: (inout LaunchOrder) -> Void = { _ in }) -> LaunchOrder {
        fixture.shell(script) {
            ($0.descriptors, $0.files) = ([1, 2, 5], 5)
            fill(&$0)
        }
    }

    @Test(arguments: LifeTests.modes) func theProgramFindsThem(cgroups: Bool) throws {
        let fixture = try Fixture(cgroups: cgroups)
        let engine = try fixture.engine()
        let (output, error) = (try fixture.file("out"), try fixture.file("err"))
        let file = try archive(fixture, "6 a b.txt\nhello\n0 empty\n3 d/e/f\na\nb")
        let script = """
            [ "$PWD" = "$ORCH_FILES" ] && cat 'a b.txt' d/e/f && [ -e empty ] && ls -A | tr '\\n' ' '; [ ! -e /proc/self/fd/5 ]
            """
        let end = try engine.run(order(fixture, script), descriptors: [output.number, error.number, file.number])
        #expect(end.ending == .exited && end.code == 0, "\(end) \(readAll(error.number))")
        #expect(readAll(output.number) == "hello\na\nb.orch-results a b.txt d empty ")
        #expect(readAll(error.number) == "")
    }

    @Test func withADirectoryOrAWorktreeTheyAreInAPlaceOfTheirOwn() throws {
        let fixture = try Fixture()
        let repository = try ScratchRepository()
        let engine = try fixture.engine()
        let (output, error) = (try fixture.file("out"), try fixture.file("err"))
        for isWorktree in [false, true] {
            let file = try archive(fixture, "5 tree\nhello", name: "archive \(isWorktree)")
            let script = "[ \"$ORCH_FILES\" = \"$ORCH_WORKSPACE/.orch-files\" ] && cat \"$ORCH_FILES/tree\" && pwd"
            let order = order(fixture, script) {
                if isWorktree {
                    $0.repository = repository.path
                    $0.environment = repository.environment
                } else {
                    $0.directory = "/"
                }
            }
            let end = try engine.run(order, descriptors: [output.number, error.number, file.number])
            #expect(end.ending == .exited && end.code == 0, "\(end) \(readAll(error.number))")
        }
        let text = readAll(output.number)
        #expect(text.hasPrefix("hello/\nhello/") && text.hasSuffix("/tree\n"), "\(text)")
    }

    /// What leads out of the workspace, and what is no archive, whoever has made it.
    @Test(arguments: [
        ("1 ../x\na", EINVAL), ("1 /x\na", EINVAL), ("1 a/./b\na", EINVAL), ("1 \na", EINVAL), ("2 a\na", ENODATA),
        ("x a\na", EBADMSG), ("-1 a\na", EBADMSG), ("1 a", EBADMSG), ("1 a\nb1 a\nc", EEXIST), ("1 a\nb1 a/b\nc", ENOTDIR),
    ])
    func whatCannotBePutThereIsAFailedStart(_ text: String, _ error: Int32) throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let (output, errors) = (try fixture.file("out"), try fixture.file("err"))
        let file = try archive(fixture, text)
        let end = try engine.run(
            order(fixture, "echo ran"), descriptors: [output.number, errors.number, file.number])
        #expect(end.ending == .spawnFailed && end.step == .workspace && end.code == error, "\(end)")
        #expect(readAll(output.number) == "" && access("\(fixture.directory)/work/p/x", F_OK) != 0)
    }

    @Test func aProgramThatIsNotThereIsSaid() throws {
        let fixture = try Fixture()
        let engine = try fixture.engine()
        let (output, errors) = (try fixture.file("out"), try fixture.file("err"))
        let file = try archive(fixture, "1 a\nb")
        let missing = order(fixture, "") { $0.arguments = ["/no/such/program"] }
        let end = try engine.run(missing, descriptors: [output.number, errors.number, file.number])
        #expect(end.ending == .spawnFailed && end.step == .execute && end.code == ENOENT, "\(end)")
    }
}
