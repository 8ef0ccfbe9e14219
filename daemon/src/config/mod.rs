//! The configuration: what stands in the file and on the command line, read into one value and checked.

mod decide;
mod document;
mod file;
mod guard;
mod listen;
mod problem;
mod profile;
mod publish;
mod seconds;
mod settings;
mod source;
mod sum;

pub use decide::DecideConfig;
pub use document::DOCUMENT;
pub use guard::{GuardConfig, ListGuardConfig};
pub use listen::Listen;
pub use problem::ConfigError;
pub use profile::Profile;
pub use publish::{HaProxyConfig, NftConfig, PublishConfig, TargetConfig};
pub use seconds::Seconds;
pub use settings::{AdminConfig, Config, ControlConfig, LogConfig, LogFormat};
pub use source::{
    CrowdSecConfig, EtcdConfig, FolderConfig, HttpConfig, KubernetesConfig, LayoutConfig, ObjectConfig,
    SourceConfig,
};
pub use sum::Sha256Sum;
