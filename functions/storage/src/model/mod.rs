//! Values parsed once.

pub(crate) mod byte_range;
mod condition;
mod cursor;
pub(crate) mod file_name;
pub(crate) mod file_state;
mod items;
mod key;
pub(crate) mod media_type;
mod metadata;
mod operator;
mod operator_page;
mod page;
mod text;
mod value;

pub(crate) use condition::Condition;
pub(crate) use cursor::Cursor;
pub(crate) use items::items;
pub(crate) use key::Key;
pub(crate) use metadata::Metadata;
pub(crate) use operator::{ContactDraft, DirectoryStatus, OperatorDraft, ServiceDraft};
pub(crate) use operator_page::{OperatorQuery, PageStart, Sort};
pub(crate) use page::PageSize;
pub(crate) use text::{Email, search_key};
pub(crate) use value::{LONGEST_VALUE, Value};
