import Glibc
import Text

/// What a daemon cannot do without, and a bare chroot has not.
public enum Surroundings {
    /// What is missing and what to do, as a sentence; nil where nothing is.
    public static var complaint: String? {
        if access("/proc/self/stat", R_OK) != 0 {
            return "there is no /proc, by which tasks are watched and ended: mount -t proc proc /proc"
        }
        if access("/dev/null", R_OK | W_OK) != 0 {
            return "there is no /dev/null that can be used, which tasks read from: mount --bind the /dev of the machine"
        }
        return nil
    }
}
