//! What a license bundle is and whether it is good.
