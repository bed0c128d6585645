import Scheduling
import Settings
import SupervisorLink
import Text

/// What the files say of the environment and the directories of a pool that runs only certain programs.
enum SurroundingsReader {
    /// One of these decides which code a program runs, or as whom it believes to run. Open to tasks, it would make `programs` a promise of
    /// nothing.
    private static let deciding = [
        "PATH", "HOME", "IFS", "ENV", "BASH_*", "SHELLOPTS", "CDPATH", "LD_*", "DYLD_*", "GLIBC_TUNABLES", "GCONV_PATH",
        "LOCPATH",
        "NLSPATH", "MALLOC_*", "GIT_*", "SSH_*", "PYTHON*", "PERL*", "RUBY*", "GEM_*", "NODE_*", "NPM_*", "npm_*", "DENO_*",
        "BUN_*",
        "JAVA_*", "_JAVA_*", "JDK_*", "CLASSPATH", "MAVEN_*", "GRADLE_*", "LUA_*", "PHP*", "R_*", "TCL*", "XDG_*", "EDITOR",
        "VISUAL",
        "PAGER", "LESS*", "MAKEFLAGS", "GNUMAKEFLAGS", "MAKEFILES", "OPENSSL_*", "SSL_*", "CURL_*", "http_proxy", "https_proxy",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "ZDOTDIR", "FPATH", "TMPDIR", "ORCH*",
    ].compactMap(NamePattern.init)

    /// What ends so leads a program to code, too.
    private static let decidingEnds = [
        "_OPTIONS", "_OPTS", "_FLAGS", "_PRELOAD", "PATH", "_HOME", "_CONFIG", "_RC", "_HELPER", "_COMMAND",
    ]

    /// Reads `env_allow` and `directories`, which come after `programs` and `env`.
    static func read(_ top: ConfigurationFile.Section, _ pool: inout PoolConfiguration) {
        let names = top.strings("env_allow")
        let directories = top.strings("directories")
        guard pool.settings.programs != nil else {
            for (key, isGiven) in [("env_allow", names != nil), ("directories", directories != nil)] where isGiven {
                top.fault(key, "\(key) is for pools with programs; the others take every variable, and every directory")
            }
            return
        }
        for name in names ?? [] {
            guard let pattern = NamePattern(name) else {
                top.fault(
                    "env_allow",
                    "\"\(name)\" is not the name of a variable, such as \"LANG\", or the beginning of some, such as \"LC_*\"")
                continue
            }
            if isDeciding(pattern) {
                top.fault(
                    "env_allow",
                    "\"\(name)\" would let a task decide which code the programs run, so programs would promise nothing; set it in env "
                        + "of the pool instead")
            }
            pool.settings.openVariables.append(pattern)
        }
        for path in directories ?? [] where !isPolicyPath(path) || !ByteString(path).isBelow("/") {
            top.fault("directories", "directories must be absolute paths, without \"..\" and control characters")
        }
        pool.settings.directories = directories ?? []
        // They become lines of the policy.
        for (name, value) in pool.environment.sorted(by: { $0.key < $1.key }) where !(name + value).isPlain {
            top.fault("env", "in a pool with programs the variable \(name) may have no control characters")
        }
    }

    static func isDeciding(_ pattern: NamePattern) -> Bool {
        deciding.contains { $0.overlaps(pattern) } || decidingEnds.contains { pattern.text.hasSuffix($0) }
    }
}

extension ByteString {
    fileprivate var isPlain: Bool { text.map { !$0.hasControls } ?? false }
}
