import Glibc
import Text

/// What a daemon cannot do without, and a bare chroot has not.
public enum Surroundings {
    /// What is missing and what to do, as a sentence; nil where nothing is.
    public static var complaint: String? {
        if access("/proc/self/stat", R_OK) != 0 {
            return "there is no /proc, and orchd needs it to watch and end tasks: mount -t proc proc /proc"
        }
        if access("/dev/null", R_OK | W_OK) != 0 {
            return "there is no usable /dev/null, and tasks read from it: mount --bind the /dev of the machine"
        }
        return nil
    }
}
