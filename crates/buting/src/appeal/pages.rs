use crate::http::routes::Routes;

pub fn routes(_routes: &mut Routes) {}
